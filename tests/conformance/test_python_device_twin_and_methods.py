"""PyPI `azure-iot-device`: twins and direct methods (device.md §5, §6)."""

import threading
import time

import pytest
from azure.iot.device.exceptions import ClientError

from harness.rest import assert_classic_error
from harness.waiting import eventually


def test_a_new_twin_is_empty_with_both_versions(python_device):
    assert python_device().client.get_twin() == {"desired": {"$version": 1}, "reported": {"$version": 1}}


def test_reported_properties_reach_the_service(python_device, api, device):
    client = python_device()
    client.client.patch_twin_reported_properties({"firmware": {"version": "1.0", "slot": "a"}, "gone": 1})
    client.client.patch_twin_reported_properties({"firmware": {"version": "1.1"}, "gone": None, "list": [1, 2]})
    reported = api.twin(device.device_id)["properties"]["reported"]
    metadata = reported.pop("$metadata")
    assert reported == {"firmware": {"version": "1.1", "slot": "a"}, "list": [1, 2], "$version": 3}
    assert set(metadata) == {"$lastUpdated", "firmware", "list"}
    assert "$lastUpdatedVersion" not in metadata
    # The slot kept the first patch's time, its parent and sibling moved with the second.
    firmware = metadata["firmware"]
    assert firmware["slot"]["$lastUpdated"] < firmware["version"]["$lastUpdated"] == firmware["$lastUpdated"]
    twin = client.client.get_twin()
    assert twin["reported"] == {"firmware": {"version": "1.1", "slot": "a"}, "list": [1, 2], "$version": 3}
    assert "$metadata" not in twin["reported"] and "tags" not in twin


def test_string_values_end_at_4096_bytes(python_device, api, device):
    client = python_device()
    client.client.patch_twin_reported_properties({"note": "가" * 1365 + "x"})
    with pytest.raises(ClientError):
        client.client.patch_twin_reported_properties({"note": "가" * 1365 + "xy"})
    reported = api.twin(device.device_id)["properties"]["reported"]
    assert reported["note"] == "가" * 1365 + "x"
    assert reported["$version"] == 2, "a refused patch must not move the version"


@pytest.mark.parametrize(
    "patch",
    [{"a.b": 1}, {"a$b": 1}, {"a b": 1}, {"list": [1, None]}, {"n": 4503599627370496}],
    ids=["dot in key", "dollar in key", "space in key", "null in array", "integer too large"],
)
def test_invalid_reports_are_client_errors(python_device, patch):
    with pytest.raises(ClientError):
        python_device().client.patch_twin_reported_properties(patch)


def test_desired_changes_are_pushed_as_patches(python_device, api, device):
    client = python_device()
    client.receive_patches()
    api.patch_desired(device.device_id, {"interval": 30, "mode": {"night": True}})
    api.patch_desired(device.device_id, {"mode": {"night": None}})
    eventually(lambda: len(client.patches) == 2, 10, "both changes are pushed")
    assert client.patches == [
        {"interval": 30, "mode": {"night": True}, "$version": 2},
        {"mode": {"night": None}, "$version": 3},
    ]
    assert client.client.get_twin()["desired"] == {"interval": 30, "mode": {}, "$version": 3}


def test_replacing_desired_pushes_the_whole_section(python_device, api, device):
    api.patch_desired(device.device_id, {"old": 1, "kept": 1})
    client = python_device()
    client.receive_patches()
    answer = api.put(f"/twins/{device.device_id}", json={"properties": {"desired": {"kept": 2}}})
    assert answer.status_code == 200, answer.text
    eventually(lambda: client.patches, 10, "the replacement is pushed")
    assert client.patches[0] == {"kept": 2, "$version": 3}


def test_method_call_and_answer(python_device, api, device):
    client = python_device()
    client.answer_methods(lambda request: (207, {"took": request.payload["delay"], "name": request.name}))
    answer = api.call_method(device.device_id, "reboot", {"delay": 5, "why": "점검"})
    assert answer.status_code == 200, answer.text
    assert answer.json() == {"status": 207, "payload": {"took": 5, "name": "reboot"}}
    assert client.method_calls[0].payload == {"delay": 5, "why": "점검"}


@pytest.mark.parametrize("payload", [None, 5, "text", [1, 2], {}, False], ids=repr)
def test_method_payloads_of_every_kind_return_unchanged(python_device, api, device, payload):
    client = python_device()
    client.answer_methods(lambda request: (200, request.payload))
    assert api.call_method(device.device_id, "echo", payload).json() == {"status": 200, "payload": payload}


def test_device_side_failure_is_still_http_200(python_device, api, device):
    client = python_device()
    client.answer_methods(lambda request: (500, {"error": "valve stuck"}))
    answer = api.call_method(device.device_id, "open")
    assert (answer.status_code, answer.json()) == (200, {"status": 500, "payload": {"error": "valve stuck"}})


def test_calls_run_side_by_side(python_device, api, device):
    client = python_device()
    client.answer_methods(lambda request: (200, request.payload))
    answers: dict[int, dict] = {}

    def call(number: int) -> None:
        answers[number] = api.call_method(device.device_id, "echo", {"n": number}).json()

    callers = [threading.Thread(target=call, args=(number,)) for number in range(8)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert answers == {number: {"status": 200, "payload": {"n": number}} for number in range(8)}


def test_silent_device_is_a_gateway_timeout(python_device, api, device):
    client = python_device()
    client.ignore_methods()
    started = time.monotonic()
    answer = api.call_method(device.device_id, "sleep", response=5)
    waited = time.monotonic() - started
    assert answer.status_code == 504, answer.text
    assert answer.headers["iothub-errorcode"] == "GatewayTimeout"
    assert 4.5 < waited < 10, f"responseTimeoutInSeconds was 5, waited {waited:.1f} s"
    assert len(client.method_calls) == 1


def test_connected_without_the_subscription_counts_as_offline(python_device, api, device):
    client = python_device()
    client.client.connect()
    answer = api.call_method(device.device_id, "reboot")
    assert answer.status_code == 404
    assert answer.headers["iothub-errorcode"] == "DeviceNotOnline"


def test_connect_timeout_waits_for_the_device(python_device, api, device):
    answers: list = []
    caller = threading.Thread(
        target=lambda: answers.append(api.call_method(device.device_id, "wake", {"n": 1}, response=30, connect=20))
    )
    caller.start()
    client = python_device()
    client.answer_methods(lambda request: (200, request.payload))
    caller.join()
    assert answers[0].json() == {"status": 200, "payload": {"n": 1}}


def test_unknown_device_has_no_methods(api):
    assert_classic_error(api.call_method("no-such-device", "reboot"), 404, "DeviceNotFound")
