"""A module as a client of its own: the unmodified Python SDK and plain MQTT (device.md §8, service.md §4.4)."""

import pytest
from azure.iot.device import Message

from harness.rest import EventReader
from harness.waiting import eventually
from harness.wire import CONNACK, connect


@pytest.fixture
def module(api, device):
    return api.create_module(device.device_id, "camera")


def test_telemetry_carries_device_and_module(api, device, module, python_device):
    events = EventReader(api, deviceId=device.device_id, source="Telemetry")
    client = python_device(module)
    client.client.connect()
    client.client.send_message(Message('{"lux": 7}', content_type="application/json", content_encoding="utf-8"))
    (event,) = events.take(1)
    assert event["body"] == {"lux": 7}
    assert (event["deviceId"], event["moduleId"]) == (device.device_id, "camera")


def test_twin_both_ways(api, device, module, python_device):
    client = python_device(module)
    client.client.connect()
    client.receive_patches()
    path = f"/twins/{device.device_id}/modules/camera"
    assert api.patch(path, json={"properties": {"desired": {"zoom": 2}}}).status_code == 200
    eventually(lambda: client.patches and client.patches[-1]["zoom"] == 2, 10, "the module hears of its desired property")
    client.client.patch_twin_reported_properties({"zoom": 2})
    assert api.get(path).json()["properties"]["reported"]["zoom"] == 2
    assert "zoom" not in api.twin(device.device_id)["properties"]["reported"], "the device's twin is another"


def test_direct_method(api, device, module, python_device):
    client = python_device(module)
    client.client.connect()
    client.answer_methods(lambda call: (200, {"did": call.name}))
    body = {"methodName": "snap", "responseTimeoutInSeconds": 10, "connectTimeoutInSeconds": 10}
    answer = api.post(f"/twins/{device.device_id}/modules/camera/methods", json=body)
    assert answer.json() == {"status": 200, "payload": {"did": "snap"}}


def test_device_and_module_are_connected_side_by_side(api, device, module, python_device):
    own, other = python_device(), python_device(module)
    own.client.connect()
    other.client.connect()
    api.wait_for_state(device.device_id, "Connected")
    assert own.client.connected and other.client.connected
    state = lambda: api.get(f"/devices/{device.device_id}/modules/camera").json()["connectionState"]  # noqa: E731
    eventually(lambda: state() == "Connected", 10, "the module is connected")


def test_deleting_the_module_closes_its_connection_alone(api, device, module, wire_session):
    own, other = wire_session(), wire_session(of=module)
    gone = api.delete(f"/devices/{device.device_id}/modules/camera", headers={"If-Match": "*"})
    assert gone.status_code == 204
    other.expect_close(5)
    own.expect_alive()


def test_a_device_key_does_not_open_its_module(api, device, module, open_wire):
    wire = open_wire()
    wire.send(connect(module.client_id, module.user_name, module.token(key=device.primary_key)))
    assert wire.expect(CONNACK).body[1] == 5
