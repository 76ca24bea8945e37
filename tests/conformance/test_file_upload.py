"""File upload with the unmodified device SDKs, and file notifications for back ends
(device.md §7, query-routing-events.md §4.8)."""

import dataclasses
import hashlib
import uuid
from datetime import datetime, timedelta, timezone
from urllib.parse import quote

import pytest
import requests
from azure.storage.blob import BlobClient

from harness.node_agent import NodeError
from harness.rest import assert_classic_error
from harness.waiting import eventually

SETTINGS = "/api/v1/file-upload"
NOTIFICATIONS = "/messages/serviceBound/filenotifications"
FILE_TYPE = "application/vnd.microsoft.iothub.filenotification.json"


@pytest.fixture
def uploads(api):
    """Changes the hub's settings of uploads for one test."""

    def configure(**fields) -> dict:
        answer = api.put(SETTINGS, json=fields)
        assert answer.status_code == 200, answer.text
        return answer.json()

    yield configure
    configure()


@pytest.fixture
def notified(uploads):
    uploads(notificationsEnabled=True)


class DeviceFiles:
    """A device's own requests."""

    def __init__(self, api, device):
        self._api = api
        self._device = device
        self._path = f"/devices/{quote(device.device_id, safe='')}/files"

    def begin(self, name: str, **options) -> requests.Response:
        options.setdefault("authorization", self._device.token())
        return self._api.post(self._path, json={"blobName": name}, **options)

    def begun(self, name: str) -> dict:
        answer = self.begin(name)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def end(self, correlation: str, success: bool = True) -> requests.Response:
        body = {"correlationId": correlation, "isSuccess": success, "statusCode": 200, "statusDescription": "ok"}
        return self._api.post(f"{self._path}/notifications", json=body, authorization=self._device.token())


@pytest.fixture
def files(api, device):
    return DeviceFiles(api, device)


def url_of(info: dict, blob: str | None = None) -> str:
    """As every SDK's documentation puts it together."""
    return f"https://{info['hostName']}/{info['containerName']}/{quote(blob or info['blobName'])}{info['sasToken']}"


def put(hub, url: str, content: bytes = b"content") -> tuple[int, str | None]:
    headers = {"x-ms-blob-type": "BlockBlob"}
    answer = requests.put(url, data=content, headers=headers, verify=hub.ca_file, timeout=30)
    return answer.status_code, answer.headers.get("x-ms-error-code")


def take(api, wanted: str) -> tuple[str, dict]:
    """The lock and the content of the notification of a device; those of others are completed."""
    while True:
        answer = api.get(NOTIFICATIONS)
        assert answer.status_code == 200, f"{answer.status_code} {answer.text}"
        assert answer.headers["Content-Type"] == FILE_TYPE
        lock, body = answer.headers["ETag"].strip('"'), answer.json()
        if body["deviceId"] == wanted:
            return lock, body
        assert api.delete(f"{NOTIFICATIONS}/{lock}").status_code == 204


def read_back(api, hub, blob: str) -> bytes:
    body = {"container": "uploads", "rights": "r", "blob": blob, "endpoint": api.base_url}
    answer = requests.get(api.post("/api/v1/blobs/sas", json=body).json()["url"], verify=hub.ca_file, timeout=30)
    assert answer.status_code == 200, answer.text
    return answer.content


def test_python_sdk(python_device, api, hub, device, notified):
    client = python_device()
    info = client.client.get_storage_info_for_blob("logs/a b ü.txt")
    assert set(info) == {"correlationId", "hostName", "containerName", "blobName", "sasToken"}
    assert info["blobName"] == f"{device.device_id}/logs/a b ü.txt"
    assert info["sasToken"].startswith("?sv=")
    host, port = client.relay.address
    blob = BlobClient.from_blob_url(
        url_of(info), connection_verify=hub.ca_file, proxies={"https": f"http://{host}:{port}"}, retry_total=0,
        max_single_put_size=1024 * 1024,
    )  # fmt: skip
    content = bytes(5 * 1024 * 1024)
    blob.upload_blob(content)
    client.client.notify_blob_upload_status(info["correlationId"], True, 200, "uploaded")
    assert hashlib.sha256(read_back(api, hub, info["blobName"])).digest() == hashlib.sha256(content).digest()

    lock, told = take(api, device.device_id)
    assert set(told) == {"deviceId", "blobUri", "blobName", "lastUpdatedTime", "blobSizeInBytes", "enqueuedTimeUtc"}
    assert (told["blobName"], told["blobSizeInBytes"]) == (info["blobName"], len(content))
    assert told["blobUri"] == f"https://{info['hostName']}/uploads/{quote(info['blobName'])}"
    updated = datetime.fromisoformat(told["lastUpdatedTime"])
    assert abs(datetime.now(timezone.utc) - updated) < timedelta(minutes=5), told
    assert api.delete(f"{NOTIFICATIONS}/{lock}").status_code == 204


def test_node_sdk_uploads_in_one_call(node_on_443, loopback_address, api, hub, device, notified):
    agent = node_on_443("file_upload.mjs")
    agent.call("open", connectionString=dataclasses.replace(device, host_name=loopback_address).connection_string())
    for size in (9, 9 * 1024 * 1024):
        agent.call("uploadToBlob", name=f"log {size}.txt", size=size)
        blob = f"{device.device_id}/log {size}.txt"
        assert read_back(api, hub, blob) == b"x" * size
        lock, told = take(api, device.device_id)
        assert (told["blobName"], told["blobSizeInBytes"]) == (blob, size)
        assert api.delete(f"{NOTIFICATIONS}/{lock}").status_code == 204


def test_node_sdk_step_by_step(node_on_443, loopback_address, device):
    agent = node_on_443("file_upload.mjs")
    agent.call("open", connectionString=dataclasses.replace(device, host_name=loopback_address).connection_string())
    info = agent.call("getBlobSharedAccessSignature", name="x.txt")
    assert info["hostName"] == f"{loopback_address}/blobs"
    agent.call("notifyBlobUploadStatus", correlationId=info["correlationId"], isSuccess=False)
    with pytest.raises(NodeError):
        agent.call("notifyBlobUploadStatus", correlationId=info["correlationId"], isSuccess=True)


def test_a_url_is_good_for_its_own_blob_alone(files, api, hub, device):
    info = files.begun("x.txt")
    assert info["hostName"] == f"localhost:{hub.https_port}/blobs"
    assert put(hub, url_of(info)) == (201, None)
    assert read_back(api, hub, info["blobName"]) == b"content"
    failed = (403, "AuthenticationFailed")
    assert put(hub, url_of(info, f"{device.device_id}/y.txt")) == failed
    assert put(hub, url_of(info, "somebody-else/x.txt")) == failed
    assert put(hub, url_of(info).replace("sp=rw", "sp=rwd")) == failed
    answer = requests.delete(url_of(info), verify=hub.ca_file, timeout=30)
    assert answer.status_code == 403
    assert files.end(info["correlationId"]).status_code == 204


def test_an_upload_ends_with_its_time(files, hub, uploads):
    uploads(sasTtlSeconds=2)
    info = files.begun("x.txt")
    expired = (403, "AuthenticationFailed")
    eventually(lambda: put(hub, url_of(info)) == expired, 10, "the URL has ended")
    text = assert_classic_error(files.end(info["correlationId"]), 400, "ExpiredFileUploadCorrelationId")
    assert "new one" in text


def test_ten_are_open_at_once(files):
    open_ones = [files.begun(f"{number}.txt")["correlationId"] for number in range(10)]
    assert len(set(open_ones)) == 10
    assert_classic_error(files.begin("11.txt"), 403, "DeviceMaximumActiveFileUploadLimitExceeded")
    assert files.end(open_ones[0], success=False).status_code == 204
    assert files.begin("11.txt").status_code == 200


def test_who_may_not(files, api, device):
    answer = files.begin("x", authorization=None)
    assert answer.status_code == 401
    other = api.create_device()
    assert files.begin("x", authorization=other.token()).status_code == 401
    mine = files.begun("x")["correlationId"]
    assert_classic_error(DeviceFiles(api, other).end(mine), 400, "InvalidFileUploadCorrelationId")
    # Whatever a GUID begins with, it is none of the hub's ids.
    for first in ("00000001", "ffffffff"):
        unknown = first + str(uuid.uuid4())[8:]
        assert_classic_error(files.end(unknown), 400, "InvalidFileUploadCorrelationId")
    assert files.end(mine).status_code == 204
    assert_classic_error(files.end(mine), 400, "InvalidFileUploadCorrelationId")
    api.delete_device(other.device_id)


@pytest.mark.parametrize("name", ["", "../x", "a/../../x", "a/", "a\nb", "x" * 951])
def test_names_that_cannot_be(files, name):
    answer = files.begin(name)
    assert answer.status_code == 400, answer.text
    assert "blobName" in answer.json()["Message"]


def test_notifications_are_abandoned_and_completed(files, api, hub, device, notified):
    info = files.begun("x.txt")
    # Nothing is there yet, so there is nothing to tell.
    assert_classic_error(files.end(info["correlationId"]), 400, "InvalidStorageEndpointOrBlob")
    assert put(hub, url_of(info)) == (201, None)
    assert files.end(info["correlationId"]).status_code == 204
    lock, first = take(api, device.device_id)
    assert api.get(NOTIFICATIONS).status_code == 204, "locked"
    assert api.post(f"{NOTIFICATIONS}/{lock}/abandon").status_code == 204
    assert_classic_error(api.delete(f"{NOTIFICATIONS}/{lock}"), 412, "DeviceMessageLockLost")
    again, second = take(api, device.device_id)
    assert again != lock and second == first
    assert api.delete(f"{NOTIFICATIONS.replace('file', 'fileUpload')}/{again}").status_code == 204
    assert api.get(NOTIFICATIONS).status_code == 204, "completed"


def test_nobody_is_told_of_what_failed_or_when_it_is_off(files, api, hub, uploads):
    assert uploads()["notificationsEnabled"] is False, "off unless somebody wants them"
    info = files.begun("x.txt")
    assert put(hub, url_of(info)) == (201, None)
    assert files.end(info["correlationId"]).status_code == 204
    uploads(notificationsEnabled=True)
    assert files.end(files.begun("y.txt")["correlationId"], success=False).status_code == 204
    assert api.get(NOTIFICATIONS).status_code == 204


def test_settings(api, uploads):
    changed = uploads(containerName="inbox-1", sasTtlSeconds=120, notificationLockSeconds=5)
    assert changed == api.get(SETTINGS).json()
    assert (changed["containerName"], changed["notificationMaxDeliveryCount"]) == ("inbox-1", 10)
    for wrong in ({"containerName": "No"}, {"sasTtlSeconds": 200_000}, {"notificationLockSeconds": 4}, {"notificationTtlSeconds": 59}):
        assert_classic_error(api.put(SETTINGS, json=wrong), 400, "ArgumentInvalid")


def test_another_container_is_made_when_it_is_needed(files, hub, uploads):
    name = f"inbox-{uuid.uuid4().hex[:8]}"
    uploads(containerName=name)
    info = files.begun("x.txt")
    assert info["containerName"] == name
    assert put(hub, url_of(info)) == (201, None)
