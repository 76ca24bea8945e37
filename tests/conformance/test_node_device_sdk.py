"""npm `azure-iot-device` over MqttWs (device.md §10.1, §10.6)."""

import pytest

from harness.node_agent import NodeError
from harness.rest import body_of
from harness.waiting import eventually

# device.md §2.6
CLOSE_SECONDS = 5


def test_connects_although_its_connect_comes_in_thirteen_messages(node_device, api, device):
    node_device()
    api.wait_for_state(device.device_id, "Connected", 5)


def test_telemetry_keeps_reserved_characters(node_device, events):
    node_device().call(
        "sendEvent", body='{"t": 21.5}', messageId="m-1", contentType="application/json", contentEncoding="utf-8",
        properties={"a b": "x/y+z&=", "키": "값?#", "dt-subject": "comp"},
    )  # fmt: skip
    event = events.take(1)[0]
    assert event["body"] == {"t": 21.5}
    assert event["applicationProperties"] == {"a b": "x/y+z&=", "키": "값?#"}
    assert event["systemProperties"]["message-id"] == "m-1"
    assert event["systemProperties"]["dt-subject"] == "comp"


def test_200_kilobytes_pass(node_device, events):
    node_device().call("sendEvent", bodySize=200_000)
    assert body_of(events.take(1)[0]) == b"x" * 200_000


def test_twin_both_ways(node_device, api, device):
    api.patch_desired(device.device_id, {"interval": 5})
    agent = node_device()
    twin = agent.call("getTwin")
    assert twin == {"desired": {"interval": 5, "$version": 2}, "reported": {"$version": 1}}
    # The SDK raises its event at once for what is there already.
    agent.call("watchDesired")
    agent.wait_for("desired", lambda delta: delta.get("$version") == 2)
    # Its response also tells that the SUBSCRIBE before it was handled.
    agent.call("report", patch={"interval": 6, "deep": {"er": [1, 2]}})
    api.patch_desired(device.device_id, {"interval": 6, "mode": "night"})
    delta = agent.wait_for("desired", lambda delta: delta.get("$version") == 3)
    assert delta == {"interval": 6, "mode": "night", "$version": 3}
    reported = api.twin(device.device_id)["properties"]["reported"]
    assert (reported["interval"], reported["deep"], reported["$version"]) == (6, {"er": [1, 2]}, 2)


def test_twin_error_shows_the_hubs_sentence(node_device):
    agent = node_device()
    agent.call("getTwin")
    with pytest.raises(NodeError) as refused:
        agent.call("report", patch={"note": "x" * 4097})
    assert "note" in refused.value.message and "4096" in refused.value.message, refused.value.message


def test_method(node_device, api, device):
    agent = node_device()
    agent.call("answerMethod", name="reboot", status=207, payload={"soon": True})

    def answered():
        # Node gives no sign when its subscription is through.
        answer = api.call_method(device.device_id, "reboot", {"delay": 5}, connect=5)
        return answer if answer.status_code == 200 else None

    answer = eventually(answered, 15, "the method is answered")
    assert answer.json() == {"status": 207, "payload": {"soon": True}}
    assert agent.wait_for("method") == {"name": "reboot", "payload": {"delay": 5}}


def test_cloud_to_device(node_device, api, device):
    agent = node_device()
    agent.call("watchMessages")
    headers = {"iothub-messageid": "c-1", "iothub-app-level": "a/b c", "iothub-ack": "full"}
    assert api.send_to_device(device.device_id, "물".encode(), headers).status_code == 204
    message = agent.wait_for("message")
    assert (message["body"], message["messageId"]) == ("물", "c-1")
    assert message["properties"]["level"] == "a/b c"
    eventually(lambda: api.device(device.device_id)["cloudToDeviceMessageCount"] == 0, 10, "the message is completed")


def test_wrong_key_is_unauthorized(node_device):
    with pytest.raises(NodeError) as refused:
        node_device(key="AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")
    assert refused.value.name == "UnauthorizedError"
    assert "Not authorized" in refused.value.message


def test_disabled_device_is_service_unavailable(node_device, api, device):
    api.set_status(device.device_id, "disabled")
    with pytest.raises(NodeError) as refused:
        node_device()
    assert refused.value.name == "ServiceUnavailableError"


@pytest.mark.parametrize("end", ["disable", "delete"])
def test_registry_ends_the_connection(node_device, api, device, end):
    agent = node_device()
    if end == "disable":
        api.set_status(device.device_id, "disabled")
    else:
        api.delete_device(device.device_id)
    agent.wait_for("disconnect", seconds=CLOSE_SECONDS)


def test_take_over(node_device, node_agent, events):
    first = node_device()
    second = node_device()
    first.wait_for("disconnect", seconds=CLOSE_SECONDS)
    second.call("sendEvent", body="from the second")
    assert body_of(events.take(1)[0]) == b"from the second"
    assert second.named("disconnect") == []


def test_cut_link_comes_back_with_every_filter(node_device, relay, api, device, events):
    """Node subscribes to messages and methods again, never to twin topics (device.md §2.5)."""
    agent = node_device(retry=True)
    agent.call("getTwin")
    agent.call("watchDesired")
    agent.call("watchMessages")
    agent.call("answerMethod", name="ping", status=200, payload="pong")
    agent.call("sendEvent", body="before")
    accepted = relay.accepted
    assert relay.cut() == 1
    eventually(lambda: relay.accepted > accepted, 60, "the SDK connects again")
    agent.call("sendEvent", body="after")
    events.take(2)

    api.patch_desired(device.device_id, {"changed": True})
    assert agent.wait_for("desired", lambda delta: delta.get("changed"))["$version"] == 2
    agent.call("report", patch={"alive": True})
    assert api.twin(device.device_id)["properties"]["reported"]["alive"] is True
    assert api.send_to_device(device.device_id, b"again").status_code == 204
    assert agent.wait_for("message")["body"] == "again"
    assert api.call_method(device.device_id, "ping", connect=5).json() == {"status": 200, "payload": "pong"}
