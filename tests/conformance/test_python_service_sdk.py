"""PyPI `azure-iot-hub`, its port in the host name (service.md §14.2, recipe A)."""

import base64

import pytest
from azure.iot.hub import IoTHubRegistryManager
from azure.iot.hub.models import CloudToDeviceMethod, ExportImportDevice, QuerySpecification, Twin, TwinProperties
from msrest.exceptions import HttpOperationError

from harness.waiting import eventually


@pytest.fixture
def registry(hub, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", hub.ca_file)
    return IoTHubRegistryManager.from_connection_string(hub.owner.with_host(f"localhost:{hub.https_port}"))


@pytest.fixture
def name(api):
    """An id of the grammar's edges, as the SDK must encode it."""
    device_id = "python-sdk#1%"
    api.delete("/devices/python-sdk%231%25", headers={"If-Match": "*"})
    yield device_id
    api.delete("/devices/python-sdk%231%25", headers={"If-Match": "*"})


def status_of(error: pytest.ExceptionInfo) -> int:
    return error.value.response.status_code


def test_identity_life_cycle(registry, name):
    created = registry.create_device_with_sas(name, "", "", "enabled")
    keys = created.authentication.symmetric_key
    assert len(base64.b64decode(keys.primary_key)) == 32
    assert registry.get_device(name).generation_id == created.generation_id

    with pytest.raises(HttpOperationError) as conflict:
        registry.create_device_with_sas(name, "", "", "enabled")
    assert status_of(conflict) == 409

    updated = registry.update_device_with_sas(name, created.etag, keys.primary_key, keys.secondary_key, "disabled", status_reason="test")
    assert (updated.status, updated.status_reason) == ("disabled", "test")
    assert updated.etag != created.etag
    with pytest.raises(HttpOperationError) as stale:
        registry.update_device_with_sas(name, created.etag, keys.primary_key, keys.secondary_key, "enabled")
    assert status_of(stale) == 412

    with pytest.raises(HttpOperationError) as stale:
        registry.delete_device(name, created.etag)
    assert status_of(stale) == 412
    registry.delete_device(name, updated.etag)
    with pytest.raises(HttpOperationError) as absent:
        registry.get_device(name)
    assert status_of(absent) == 404


def test_delete_without_etag_sends_the_wildcard(registry, name):
    registry.create_device_with_sas(name, "", "", "enabled")
    registry.delete_device(name)
    with pytest.raises(HttpOperationError):
        registry.get_device(name)


def test_x509_device(registry, name):
    device = registry.create_device_with_x509(name, "AB" * 20, "CD" * 20, "enabled")
    assert device.authentication.type == "selfSigned"
    assert device.authentication.x509_thumbprint.primary_thumbprint == "AB" * 20


def test_list_and_statistics(registry, device):
    assert device.device_id in [listed.device_id for listed in registry.get_devices(1000)]
    assert len(registry.get_devices(1)) == 1
    assert registry.get_device_registry_statistics().total_device_count >= 1
    assert registry.get_service_statistics().connected_device_count >= 0


def test_twin_patch_and_replace(registry, device):
    twin = registry.get_twin(device.device_id)
    assert twin.version == 2 and twin.properties.desired["$version"] == 1
    patch = Twin(tags={"site": "s1"}, properties=TwinProperties(desired={"x": None, "y": 1}))
    patched = registry.update_twin(device.device_id, patch, twin.etag)
    assert patched.tags == {"site": "s1"}
    assert patched.properties.desired["y"] == 1 and "x" not in patched.properties.desired
    with pytest.raises(HttpOperationError) as stale:
        registry.update_twin(device.device_id, patch, twin.etag)
    assert status_of(stale) == 412
    replaced = registry.replace_twin(device.device_id, Twin(tags={}), patched.etag)
    assert not replaced.tags and "y" not in replaced.properties.desired
    assert registry.update_twin(device.device_id, patch).version == replaced.version + 1


def test_query_in_pages(registry, api):
    names = [f"python-query-{number}" for number in range(5)]
    for name in names:
        api.create_device(name)
        registry.update_twin(name, Twin(tags={"fleet": "python-query"}))
    try:
        specification = QuerySpecification(query="SELECT * FROM devices WHERE tags.fleet = 'python-query'")
        found, token = [], None
        while True:
            result = registry.query_iot_hub(specification, token, 2)
            assert result.type == "Twin"
            found += [twin.device_id for twin in result.items]
            token = result.continuation_token
            if not token:
                break
        assert found == names
        # The SDK wraps whatever comes in twins; a projection keeps what twins have, too.
        specification.query += " AND deviceId = 'python-query-3'"
        projected = QuerySpecification(query=specification.query.replace("*", "deviceId, tags"))
        result = registry.query_iot_hub(projected)
        assert result.type == "Raw" and not result.continuation_token
        assert [(twin.device_id, twin.tags) for twin in result.items] == [(names[3], {"fleet": "python-query"})]
    finally:
        for name in names:
            api.delete(f"/devices/{name}", headers={"If-Match": "*"})


def test_wrong_query_is_400(registry):
    with pytest.raises(HttpOperationError) as refused:
        registry.query_iot_hub(QuerySpecification(query="SELECT * FROM devices WHERE"))
    assert status_of(refused) == 400


def test_direct_method_reaches_the_python_device(registry, device, python_device):
    client = python_device()
    client.answer_methods(lambda request: (200, {"echo": request.payload}))
    # No payload is an empty string on this SDK's wire.
    call = CloudToDeviceMethod(method_name="status", response_timeout_in_seconds=10, connect_timeout_in_seconds=5)
    answer = registry.invoke_device_method(device.device_id, call)
    assert (answer.status, answer.payload) == (200, {"echo": ""})
    call = CloudToDeviceMethod(method_name="status", payload={"n": [1, None]}, response_timeout_in_seconds=10)
    assert registry.invoke_device_method(device.device_id, call).payload == {"echo": {"n": [1, None]}}


def test_direct_method_to_an_offline_device(registry, device):
    with pytest.raises(HttpOperationError) as offline:
        registry.invoke_device_method(device.device_id, CloudToDeviceMethod(method_name="status"))
    assert status_of(offline) == 404
    assert offline.value.response.headers["iothub-errorcode"] == "DeviceNotOnline"


def test_back_end_and_device_see_each_others_changes(registry, device, python_device):
    client = python_device()
    client.receive_patches()
    registry.update_twin(device.device_id, Twin(properties=TwinProperties(desired={"interval": 5})))
    eventually(lambda: client.patches, 10, "the desired change reaches the device")
    client.client.patch_twin_reported_properties({"interval": client.patches[0]["interval"]})
    assert registry.get_twin(device.device_id).properties.reported["interval"] == 5


def test_wrong_key_is_401(hub, registry):
    fields = {**hub.owner.fields, "HostName": f"localhost:{hub.https_port}", "SharedAccessKey": base64.b64encode(bytes(32)).decode()}
    stranger = IoTHubRegistryManager.from_connection_string(";".join(f"{name}={value}" for name, value in fields.items()))
    with pytest.raises(HttpOperationError) as refused:
        stranger.get_device("any")
    assert status_of(refused) == 401


def test_module_life_cycle(registry, device):
    created = registry.create_module_with_sas(device.device_id, "camera", "iotEdge", "", "")
    assert (created.module_id, created.managed_by) == ("camera", "iotEdge")
    with pytest.raises(HttpOperationError) as conflict:
        registry.create_module_with_sas(device.device_id, "camera", None, "", "")
    assert status_of(conflict) == 409
    keys = created.authentication.symmetric_key
    updated = registry.update_module_with_sas(device.device_id, "camera", None, created.etag, keys.primary_key, keys.secondary_key)
    assert (updated.managed_by, updated.generation_id) == (None, created.generation_id)
    assert updated.authentication.symmetric_key.primary_key == keys.primary_key
    assert [module.module_id for module in registry.get_modules(device.device_id)] == ["camera"]
    assert registry.get_module_twin(device.device_id, "camera").version == 2
    twin = registry.update_module_twin(device.device_id, "camera", Twin(properties=TwinProperties(desired={"zoom": 2})), "*")
    assert twin.properties.desired["zoom"] == 2
    registry.delete_module(device.device_id, "camera")
    with pytest.raises(HttpOperationError) as absent:
        registry.get_module(device.device_id, "camera")
    assert status_of(absent) == 404


def test_bulk_create_update_delete(registry, api):
    ids = [f"bulk-python-{number}" for number in range(3)]
    try:
        made = registry.bulk_create_or_update_devices(
            [ExportImportDevice(id=one, import_mode="create", status="enabled") for one in ids]
        )
        assert made.is_successful and not made.errors
        again = api.post("/devices", json=[{"id": ids[0], "importMode": "create"}, {"id": ids[1], "importMode": "update", "status": "disabled"}])
        assert again.status_code == 400
        assert again.json()["errors"][0]["errorCode"] == 409001
        assert registry.get_device(ids[1]).status == "disabled"
    finally:
        gone = registry.bulk_create_or_update_devices([ExportImportDevice(id=one, import_mode="delete", status="enabled") for one in ids])
    assert gone.is_successful
    with pytest.raises(HttpOperationError):
        registry.get_device(ids[2])
