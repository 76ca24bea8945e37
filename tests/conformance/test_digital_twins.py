"""Digital twins (service.md §13) with the unmodified Python service client and the Python device SDK."""

import pytest
from azure.iot.hub import DigitalTwinClient
from msrest.exceptions import HttpOperationError

MODEL = "dtmi:com:example:Pump;1"


@pytest.fixture
def twins(hub, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", hub.ca_file)
    return DigitalTwinClient.from_connection_string(hub.owner.with_host(f"localhost:{hub.https_port}"))


@pytest.fixture
def pump(python_device):
    client = python_device(product_info=MODEL)
    client.client.connect()
    return client


def test_a_device_without_a_model_has_only_the_frame(api, twins, device):
    assert twins.get_digital_twin(device.device_id) == {"$dtId": device.device_id, "$metadata": {"$model": ""}}
    with pytest.raises(HttpOperationError) as refused:
        twins.get_digital_twin("nobody-" + device.device_id)
    assert refused.value.response.status_code == 404


def test_properties_and_components_of_a_model(twins, device, pump):
    pump.client.patch_twin_reported_properties({"serial": "x1", "motor": {"__t": "c", "heat": 40}})
    twin = twins.get_digital_twin(device.device_id)
    assert twin["$metadata"]["$model"] == MODEL
    assert twin["serial"] == "x1"
    assert twin["$metadata"]["serial"]["lastUpdateTime"].endswith("Z")
    assert twin["motor"]["heat"] == 40 and "heat" in twin["motor"]["$metadata"]


def test_a_patch_reaches_the_device_and_what_it_acknowledges_is_shown(api, twins, device, pump):
    pump.receive_patches()
    patch = [{"op": "add", "path": "/speed", "value": 5}, {"op": "add", "path": "/motor/limit", "value": 9}]
    twins.update_digital_twin(device.device_id, patch)
    desired = api.twin(device.device_id)["properties"]["desired"]
    assert desired["speed"] == 5 and desired["motor"]["limit"] == 9 and desired["motor"]["__t"] == "c"
    version = desired["$version"]
    pump.client.patch_twin_reported_properties({"speed": {"value": 5, "ac": 200, "av": version, "ad": "done"}})
    twin = twins.get_digital_twin(device.device_id)
    assert twin["speed"] == 5
    about = twin["$metadata"]["speed"]
    assert (about["desiredValue"], about["ackCode"], about["ackVersion"]) == (5, 200, version)


def test_an_etag_guards_a_patch(api, device):
    path = f"/digitaltwins/{device.device_id}"
    etag = api.get(path).headers["ETag"]
    body = [{"op": "add", "path": "/speed", "value": 1}]
    answer = api.patch(path, json=body, headers={"If-Match": etag})
    assert answer.status_code == 202 and answer.headers["Location"].endswith(path)
    assert answer.headers["ETag"] != etag
    assert api.patch(path, json=body, headers={"If-Match": etag}).status_code == 412
    assert api.patch(path, json=[{"op": "move", "path": "/a", "from": "/b"}]).status_code == 400


def test_commands_of_the_device_and_of_a_component(twins, device, pump):
    called = []

    def answer(call):
        called.append((call.name, call.payload))
        return 201, {"did": call.name}

    pump.answer_methods(answer)
    assert twins.invoke_command(device.device_id, "start", {"speed": 3}, 5, 10) == {"did": "start"}
    assert twins.invoke_component_command(device.device_id, "motor", "stop", 5, 5, 10) == {"did": "motor*stop"}
    assert called == [("start", {"speed": 3}), ("motor*stop", 5)]


def test_a_command_to_nobody(api, device):
    answer = api.post(f"/digitaltwins/{device.device_id}/commands/start", json=5)
    assert answer.status_code == 404 and "404103" in answer.text
