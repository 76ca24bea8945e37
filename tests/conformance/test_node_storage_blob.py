"""The hub's blob store with the unmodified npm `@azure/storage-blob`, which the Node device SDK
uploads files with (device.md §7)."""

import uuid

import pytest

MIB = 1024 * 1024


@pytest.fixture
def name() -> str:
    return f"node-{uuid.uuid4().hex[:12]}"


@pytest.fixture
def sign(api, name):
    def ask(rights: str, **fields) -> str:
        body = {"container": name, "rights": rights, "endpoint": api.base_url, **fields}
        answer = api.post("/api/v1/blobs/sas", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()["url"]

    return ask


@pytest.fixture
def storage(hub, node_agent, sign):
    agent = node_agent("storage_blob.mjs", environment={"NODE_EXTRA_CA_CERTS": hub.ca_file})
    agent.call("open", url=sign("racwdl"))
    return agent


def test_blobs_go_in_and_come_back(storage):
    for size, block in ((5, MIB), (5 * MIB + 3, MIB)):
        assert storage.call("roundTrip", name=f"d/a b & ü {size}", size=size, blockSize=block) is True
    assert storage.call("list", prefix="d/", pageSize=1) == [["d/a b & ü 5"], [f"d/a b & ü {5 * MIB + 3}"]]
    assert storage.call("remove", name="d/a b & ü 5") is False


def test_a_file_as_a_device_uploads_it(storage, sign):
    """The permissions of a device: its one blob, no reading of others."""
    url = sign("rcw", blob="device-1/log.bin")
    assert storage.call("uploadStream", url=url, size=9 * MIB + 1) == 9 * MIB + 1
    assert storage.call("refused", url=sign("r", blob="device-1/log.bin")) == [403, "AuthorizationPermissionMismatch"]
    assert storage.call("refused", url=url.replace("device-1", "device-2")) == [403, "AuthenticationFailed"]
