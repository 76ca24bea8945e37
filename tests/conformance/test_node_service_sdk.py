"""npm `azure-iothub`, the REST side (service.md §14.3, recipe B)."""

import pytest

from harness.node_agent import NodeError
from harness.waiting import eventually


@pytest.fixture
def name(api):
    yield "node-sdk-device"
    api.delete("/devices/node-sdk-device", headers={"If-Match": "*"})


def test_identity_life_cycle(call, name):
    created = call("create", {"deviceId": name, "status": "enabled"})
    assert created["authentication"]["symmetricKey"]["primaryKey"]
    with pytest.raises(NodeError) as conflict:
        call("create", {"deviceId": name})
    assert conflict.value.name == "DeviceAlreadyExistsError"
    assert call("get", name)["generationId"] == created["generationId"]
    updated = call("update", {"deviceId": name, "status": "disabled", "statusReason": "test"})
    assert (updated["status"], updated["statusReason"]) == ("disabled", "test")
    call("delete", name)
    with pytest.raises(NodeError) as absent:
        call("get", name)
    assert absent.value.name == "DeviceNotFoundError"


def test_list_with_its_trailing_slash(call, device):
    assert device.device_id in [listed["deviceId"] for listed in call("list")]


def test_statistics(call, device):
    assert call("getRegistryStatistics")["totalDeviceCount"] >= 1


def test_twin(call, device):
    twin = call("getTwin", device.device_id)
    assert twin["properties"]["desired"]["$version"] == 1
    patched = call("updateTwin", device.device_id, {"tags": {"a": 1}, "properties": {"desired": {"y": 1}}}, twin["etag"])
    assert patched["tags"] == {"a": 1}
    with pytest.raises(NodeError) as stale:
        call("updateTwin", device.device_id, {"tags": {"a": 2}}, twin["etag"])
    assert stale.value.name == "InvalidEtagError"
    assert call("updateTwin", device.device_id, {"tags": {"a": None}}, "*")["tags"] == {}


def test_module_life_cycle(call, device):
    created = call("addModule", {"deviceId": device.device_id, "moduleId": "camera"})
    assert created["authentication"]["symmetricKey"]["primaryKey"]
    with pytest.raises(NodeError) as conflict:
        call("addModule", {"deviceId": device.device_id, "moduleId": "camera"})
    assert conflict.value.name == "DeviceAlreadyExistsError"
    assert [module["moduleId"] for module in call("getModulesOnDevice", device.device_id)] == ["camera"]
    assert call("getModule", device.device_id, "camera")["generationId"] == created["generationId"]
    call("updateModule", {**created, "managedBy": "someone"})
    twin = call("getModuleTwin", device.device_id, "camera")
    assert twin["moduleId"] == "camera"
    call("removeModule", device.device_id, "camera")
    with pytest.raises(NodeError):
        call("getModule", device.device_id, "camera")


def test_bulk_add_update_remove(call):
    devices = [{"deviceId": f"bulk-node-{number}"} for number in range(3)]
    try:
        assert call("addDevices", devices)["isSuccessful"] is True
        changed = [{**device, "status": "disabled"} for device in devices]
        assert call("updateDevices", changed, True)["isSuccessful"] is True
        assert call("get", "bulk-node-1")["status"] == "disabled"
    finally:
        removed = call("removeDevices", devices, True)
    assert removed["isSuccessful"] is True
    with pytest.raises(NodeError) as absent:
        call("get", "bulk-node-1")
    assert absent.value.name == "DeviceNotFoundError"
def test_query_in_pages(service, call, api):
    names = [f"node-query-{number}" for number in range(5)]
    for name in names:
        api.create_device(name)
        call("updateTwin", name, {"tags": {"fleet": "node-query"}}, "*")
    try:
        condition = "FROM devices WHERE tags.fleet = 'node-query'"
        pages = service.call("query", text=f"SELECT * {condition}", pageSize=2, asTwins=True)
        assert [[twin["deviceId"] for twin in page] for page in pages] == [names[:2], names[2:4], names[4:]]
        assert pages[0][0]["tags"] == {"fleet": "node-query"}
        pages = service.call("query", text=f"SELECT COUNT() AS n {condition}", asTwins=False)
        assert pages == [[{"n": 5}]]
    finally:
        for name in names:
            api.delete(f"/devices/{name}", headers={"If-Match": "*"})


def test_wrong_query(service):
    with pytest.raises(NodeError) as refused:
        service.call("query", text="SELECT", asTwins=False)
    assert refused.value.name == "ArgumentError"


def test_method_to_the_node_device(service, node_device, device):
    agent = node_device()
    agent.call("answerMethod", name="reboot", status=202, payload={"accepted": True})
    answer = service.call(
        "invokeDeviceMethod", deviceId=device.device_id,
        parameters={"methodName": "reboot", "payload": {"delay": 1}, "responseTimeoutInSeconds": 10, "connectTimeoutInSeconds": 10},
    )  # fmt: skip
    assert answer == {"status": 202, "payload": {"accepted": True}}
    assert agent.wait_for("method") == {"name": "reboot", "payload": {"delay": 1}}


def test_method_to_an_offline_device(service, device):
    with pytest.raises(NodeError):
        service.call("invokeDeviceMethod", deviceId=device.device_id, parameters={"methodName": "reboot"})


def test_wrong_key(hub, loopback_address, service):
    service.call("open", connectionString=hub.owner.with_host(loopback_address).replace(hub.owner.key, "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="))
    with pytest.raises(NodeError) as refused:
        service.call("registry", method="list", parameters=[])
    assert refused.value.name == "UnauthorizedError"


def test_jobs_export_and_import_a_registry(call, api, name):
    """`exportDevicesToBlob`, `importDevicesFromBlob`, `getJob`, `listJobs`, `cancelJob`."""
    body = {"container": "node-sdk-jobs", "rights": "racwdl", "minutes": 10, "endpoint": api.base_url}
    url = api.post("/api/v1/blobs/sas", json=body, api_version=None).json()["url"]
    api.create_device(name)

    def ended(job_id: str) -> dict | None:
        job = call("getJob", job_id)
        return job if job["status"] in ("completed", "failed", "cancelled") else None

    exported = call("exportDevicesToBlob", url, False)
    done = eventually(lambda: ended(exported["jobId"]), 30, "the export ends")
    assert (done["type"], done["status"], done["progress"]) == ("export", "completed", 100)
    imported = call("importDevicesFromBlob", url, url)
    done = eventually(lambda: ended(imported["jobId"]), 30, "the import ends")
    assert (done["type"], done["status"], done["failedCount"]) == ("import", "completed", 0)
    assert {exported["jobId"], imported["jobId"]} <= {job["jobId"] for job in call("listJobs")}
    call("cancelJob", imported["jobId"])
    assert call("getJob", imported["jobId"])["status"] == "completed"
