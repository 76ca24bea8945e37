"""The hub's own blob store with the unmodified `azure-storage-blob` (README, "Store blobs")."""

import hashlib
import os
import random
import uuid
from typing import Callable
from urllib.parse import urlsplit

import pytest
import requests
from azure.core import MatchConditions
from azure.core.exceptions import (
    HttpResponseError,
    ResourceExistsError,
    ResourceModifiedError,
    ResourceNotFoundError,
)
from azure.storage.blob import BlobClient, BlobBlock, ContainerClient, ContentSettings

from harness.rest import RestApi
from harness.waiting import eventually

MIB = 1024 * 1024


@pytest.fixture
def sign(api: RestApi) -> Callable[..., str]:
    """Asks the hub for a URL, as an operator does."""

    def ask(container: str, rights: str, **fields) -> str:
        body = {"container": container, "rights": rights, "minutes": 10, "endpoint": api.base_url, **fields}
        answer = api.post("/api/v1/blobs/sas", json=body)
        assert answer.status_code == 200, answer.text
        assert answer.json()["expires"].endswith("Z")
        return answer.json()["url"]

    return ask


@pytest.fixture
def name() -> str:
    return f"test-{uuid.uuid4().hex[:12]}"


@pytest.fixture
def options(hub) -> dict:
    """The hub's private CA; a failure shows at once."""
    return {"connection_verify": hub.ca_file, "retry_total": 0}


@pytest.fixture
def container(sign, name, options) -> ContainerClient:
    return ContainerClient.from_container_url(sign(name, "racwdl"), **options)


def error_code(caught: pytest.ExceptionInfo) -> str:
    return caught.value.error_code


def test_a_small_blob_comes_back_as_it_went(container):
    blob = container.get_blob_client("folder/a b & ü.txt")
    content = b"small, but not empty"
    settings = ContentSettings(content_type="text/plain", cache_control="max-age=60")
    written = blob.upload_blob(content, metadata={"job": "7"}, content_settings=settings)
    assert written["etag"] and written["last_modified"].tzinfo is not None

    assert blob.download_blob().readall() == content
    properties = blob.get_blob_properties()
    assert properties.size == len(content)
    assert properties.etag == written["etag"]
    assert properties.metadata == {"job": "7"}
    assert properties.content_settings.content_type == "text/plain"
    assert properties.content_settings.cache_control == "max-age=60"
    assert properties.blob_type == "BlockBlob"
    assert blob.exists() and not container.get_blob_client("other").exists()
    blob.delete_blob()
    assert not blob.exists()


def test_an_empty_blob(container):
    blob = container.get_blob_client("empty")
    blob.upload_blob(b"")
    assert blob.download_blob().readall() == b""
    assert blob.get_blob_properties().size == 0


def test_20_mib_by_blocks_and_back_by_ranges(sign, name, options):
    """Put Block and Put Block List on the way in, several ranges on the way out, both in parallel."""
    content = random.Random(7).randbytes(20 * MIB + 12_345)
    url = sign(name, "racwd", blob="large.bin")
    blob = BlobClient.from_blob_url(
        url, max_single_put_size=MIB, max_block_size=3 * MIB, max_single_get_size=4 * MIB, max_chunk_get_size=2 * MIB, **options
    )
    blob.upload_blob(content, max_concurrency=4)
    assert blob.get_blob_properties().size == len(content)
    assert hashlib.sha256(blob.download_blob(max_concurrency=4).readall()).digest() == hashlib.sha256(content).digest()
    start = 7 * MIB + 1
    assert blob.download_blob(offset=start, length=5).readall() == content[start : start + 5]
    assert blob.download_blob(offset=len(content) - 3).readall() == content[-3:]
    with pytest.raises(HttpResponseError) as caught:
        blob.download_blob(offset=len(content) + 1, length=1).readall()
    assert caught.value.status_code == 416


def test_one_put_of_20_mib_streams_through(container):
    content = random.Random(8).randbytes(20 * MIB)
    blob = container.get_blob_client("single")
    blob.upload_blob(content)
    assert blob.download_blob().readall() == content


def test_blocks_count_only_when_they_are_listed(container):
    blob = container.get_blob_client("staged")
    blob.upload_blob(b"old")
    for block in ("b", "a", "never"):
        blob.stage_block(block, f"<{block}>".encode())
    assert blob.download_blob().readall() == b"old"
    blob.commit_block_list([BlobBlock("a"), BlobBlock("b"), BlobBlock("a")])
    assert blob.download_blob().readall() == b"<a><b><a>"
    with pytest.raises(HttpResponseError) as caught:
        blob.commit_block_list([BlobBlock("never")])
    assert (caught.value.status_code, error_code(caught)) == (400, "InvalidBlockList")
    assert blob.download_blob().readall() == b"<a><b><a>"


def test_overwriting_must_be_wanted(container):
    for size in (10, 3 * MIB):
        blob = container.get_blob_client(f"once-{size}")
        blob._config.max_single_put_size, blob._config.max_block_size = MIB, MIB
        first, second = os.urandom(size), os.urandom(size)
        written = blob.upload_blob(first)
        with pytest.raises(ResourceExistsError) as caught:
            blob.upload_blob(second)
        assert error_code(caught) == "BlobAlreadyExists"
        assert blob.download_blob().readall() == first
        blob.upload_blob(second, overwrite=True)
        assert blob.download_blob().readall() == second
        with pytest.raises(ResourceModifiedError) as caught:
            blob.upload_blob(first, overwrite=True, etag=written["etag"], match_condition=MatchConditions.IfNotModified)
        assert error_code(caught) == "ConditionNotMet"
        assert blob.download_blob().readall() == second


def test_creating_is_less_than_writing(sign, name, options):
    create = ContainerClient.from_container_url(sign(name, "c"), **options).get_blob_client("x")
    create.upload_blob(b"first", overwrite=True)
    with pytest.raises(HttpResponseError) as caught:
        create.upload_blob(b"second", overwrite=True)
    assert (caught.value.status_code, error_code(caught)) == (403, "UnauthorizedBlobOverwrite")


def test_digests_are_checked(container, name, sign, hub):
    blob = container.get_blob_client("checked")
    blob.upload_blob(b"content", validate_content=True)
    assert blob.download_blob(validate_content=True).readall() == b"content"
    assert bytes(blob.get_blob_properties().content_settings.content_md5) == hashlib.md5(b"content").digest()
    headers = {"x-ms-blob-type": "BlockBlob", "Content-MD5": "AAAAAAAAAAAAAAAAAAAAAA=="}
    answer = requests.put(sign(name, "w", blob="checked"), data=b"other", headers=headers, verify=hub.ca_file, timeout=30)
    assert (answer.status_code, answer.headers["x-ms-error-code"]) == (400, "Md5Mismatch"), answer.text
    assert blob.download_blob().readall() == b"content"


def test_lists_with_prefix_and_pages(container):
    names = [f"a/{number:02}" for number in range(7)] + ["b/<&>", "b/ü", "c"]
    for one in names:
        container.upload_blob(one, one.encode(), metadata={"letter": one[0]})
    assert [blob.name for blob in container.list_blobs()] == names
    found = list(container.list_blobs(name_starts_with="b/", include=["metadata"]))
    assert [blob.name for blob in found] == ["b/<&>", "b/ü"]
    assert [blob.metadata for blob in found] == [{"letter": "b"}] * 2
    assert [blob.size for blob in found] == [5, 4]
    assert found[0].etag.strip('"') == container.get_blob_client("b/<&>").get_blob_properties().etag.strip('"')

    pages = container.list_blobs(name_starts_with="a/", results_per_page=3).by_page()
    first = [blob.name for blob in next(pages)]
    assert first == names[:3]
    rest = container.list_blobs(name_starts_with="a/", results_per_page=3).by_page(pages.continuation_token)
    assert [[blob.name for blob in page] for page in rest] == [names[3:6], names[6:7]]
    assert list(container.list_blobs(name_starts_with="none")) == []


def test_deleting(container):
    blob = container.get_blob_client("x")
    blob.upload_blob(b"1")
    blob.delete_blob()
    for call in (blob.delete_blob, blob.download_blob, blob.get_blob_properties):
        with pytest.raises(ResourceNotFoundError) as caught:
            call()
        assert error_code(caught) == "BlobNotFound"


def test_containers(sign, name, options):
    container = ContainerClient.from_container_url(sign(name, "racwdl", createContainer=False), **options)
    assert not container.exists()
    for call in (
        lambda: container.upload_blob("x", b"1"),
        lambda: container.get_blob_client("x").download_blob(),
        lambda: list(container.list_blobs()),
    ):
        with pytest.raises(ResourceNotFoundError) as caught:
            call()
        assert error_code(caught) == "ContainerNotFound"
    container.create_container()
    assert container.exists()
    assert container.get_container_properties().last_modified is not None
    with pytest.raises(ResourceExistsError):
        container.create_container()
    container.upload_blob("x", b"1")


def test_urls_hold_only_where_they_were_made_for(sign, name, hub, options, api):
    container = ContainerClient.from_container_url(sign(name, "racwdl"), **options)
    container.upload_blob("mine", b"1")
    container.upload_blob("yours", b"2")
    mine = sign(name, "r", blob="mine")

    def ask(method: str, url: str) -> tuple[int, str]:
        answer = requests.request(method, url, verify=hub.ca_file, timeout=30)
        if answer.status_code >= 400 and method != "HEAD":
            assert answer.headers["Content-Type"] == "application/xml"
            assert answer.text.startswith('<?xml version="1.0" encoding="utf-8"?><Error><Code>')
            assert "sig=" not in answer.text
        return answer.status_code, answer.headers.get("x-ms-error-code", "")

    failed = (403, "AuthenticationFailed")
    assert ask("GET", mine) == (200, "")
    assert ask("GET", mine.replace("/mine?", "/yours?")) == failed
    assert ask("GET", mine.replace(name, f"{name}x")) == failed
    assert ask("GET", mine.replace("sp=r&", "sp=rw&")) == failed
    assert ask("GET", mine.replace("&se=2", "&se=3")) == failed
    assert ask("GET", mine.replace("sr=b", "sr=c")) == failed
    assert ask("GET", mine.split("?")[0]) == (401, "NoAuthenticationInformation")
    assert ask("DELETE", mine) == (403, "AuthorizationPermissionMismatch")
    assert ask("GET", sign(name, "d", blob="mine")) == (403, "AuthorizationPermissionMismatch")
    path = urlsplit(mine).path
    listing = f"{path.rsplit('/', 1)[0]}?restype=container&comp=list&{urlsplit(mine).query}"
    assert ask("GET", api.base_url + listing) == failed
    # A service token of the hub opens no blob.
    answer = api.get(path)
    assert answer.status_code == 401


def test_a_url_ends(sign, name, hub):
    url = sign(name, "r", blob="x", minutes=0.05)

    def code():
        answer = requests.get(url, verify=hub.ca_file, timeout=30)
        return answer.status_code, answer.headers["x-ms-error-code"]

    assert code() == (404, "BlobNotFound")
    eventually(lambda: code() == (403, "AuthenticationFailed"), 10, "the URL has ended")


def test_content_cannot_act_for_the_hub(container, sign, name, hub):
    container.upload_blob("page.html", b"<script>1</script>", content_settings=ContentSettings(content_type="text/html"))
    answer = requests.get(sign(name, "r", blob="page.html"), verify=hub.ca_file, timeout=30)
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"


def test_compressed_content_goes_out_as_it_came(container, sign, name, hub):
    import gzip

    packed = gzip.compress(b"text " * 1000)
    container.upload_blob("x.gz", packed, content_settings=ContentSettings(content_type="text/plain", content_encoding="gzip"))
    answer = requests.get(sign(name, "r", blob="x.gz"), verify=hub.ca_file, timeout=30, stream=True)
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.raw.read(decode_content=False) == packed


def test_only_who_may_write_the_registry_gets_urls(api):
    answer = api.post("/api/v1/blobs/sas", json={"container": "abc", "rights": "r"}, authorization=None)
    assert answer.status_code == 401
    answer = api.post("/api/v1/blobs/sas", json={"container": "No", "rights": "r"})
    assert answer.status_code == 400
