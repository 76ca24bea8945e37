"""An idle hub hibernates; every connection goes on as if nothing had happened.

Objects leave memory after about ten idle seconds while their sockets stay. The clock is the subject
here: nothing a client can do makes a hub go to sleep sooner.
"""

import json
import threading

import pytest

from harness import wire as w
from harness.rest import body_of
from harness.waiting import eventually, let_time_pass

IDLE_SECONDS = 13

pytestmark = pytest.mark.timeout(300)


def sleep_through() -> None:
    let_time_pass(IDLE_SECONDS, "hibernation: long enough for the gateway to leave memory")


def test_a_silent_session_goes_on_after_each_nap(wire_session, api, device, events):
    wire = wire_session(keep_alive=240)
    wire.grant(
        (f"devices/{device.device_id}/messages/devicebound/#", 1), ("$iothub/twin/res/#", 0),
        ("$iothub/twin/PATCH/properties/desired/#", 0), ("$iothub/methods/POST/#", 0),
    )  # fmt: skip
    sleep_through()
    wire.expect_alive()

    sleep_through()
    assert api.send_to_device(device.device_id, b"good morning").status_code == 204
    delivered = wire.expect(w.PUBLISH)
    assert delivered.payload == b"good morning"

    sleep_through()
    # The acknowledgement belongs to a delivery from before the nap.
    wire.send(w.puback(delivered.packet_id))
    eventually(lambda: api.device(device.device_id)["cloudToDeviceMessageCount"] == 0, 5, "the message is completed")
    api.patch_desired(device.device_id, {"awake": True})
    assert json.loads(wire.expect(w.PUBLISH).payload) == {"awake": True, "$version": 2}

    sleep_through()
    answers = []
    call = threading.Thread(target=lambda: answers.append(api.call_method(device.device_id, "ping")))
    call.start()
    rid = wire.expect(w.PUBLISH).topic.rpartition("=")[2]
    wire.send(w.publish(f"$iothub/methods/res/200/?$rid={rid}", b'"pong"'))
    call.join()
    assert answers[0].json() == {"status": 200, "payload": "pong"}

    sleep_through()
    wire.send(w.publish(f"devices/{device.device_id}/messages/events/", b"telemetry", qos=1, packet_id=5))
    assert wire.expect(w.PUBACK).packet_id == 5
    assert body_of(events.take(1)[0]) == b"telemetry"
    assert api.device(device.device_id)["connectionState"] == "Connected"


def test_half_a_packet_survives_the_nap(wire_session, device, events):
    wire = wire_session(keep_alive=240)
    packet = w.publish(f"devices/{device.device_id}/messages/events/", b"one" + bytes(5000) + b"half", qos=1, packet_id=6)
    wire.send(packet[:3000])
    sleep_through()
    wire.send(packet[3000:])
    assert wire.expect(w.PUBACK).packet_id == 6
    assert body_of(events.take(1)[0]) == b"one" + bytes(5000) + b"half"


def test_a_method_call_longer_than_the_idle_time(wire_session, api, device):
    wire = wire_session(keep_alive=240)
    wire.grant(("$iothub/methods/POST/#", 0))
    answers = []
    call = threading.Thread(target=lambda: answers.append(api.call_method(device.device_id, "slow", response=60)))
    call.start()
    rid = wire.expect(w.PUBLISH).topic.rpartition("=")[2]
    sleep_through()
    wire.send(w.publish(f"$iothub/methods/res/200/?$rid={rid}", b"1"))
    call.join()
    assert answers[0].json() == {"status": 200, "payload": 1}


def test_keep_alive_ends_a_session_that_sleeps_too_long(wire_session, api, device):
    wire = wire_session(keep_alive=16)
    sleep_through()
    wire.expect_close(20)
    api.wait_for_state(device.device_id, "Disconnected", 5)


def test_take_over_of_a_sleeping_session(wire_session, device, events):
    topic = f"devices/{device.device_id}/messages/events/"
    first = wire_session(keep_alive=240, will=(topic + "who=first", b"will"))
    sleep_through()
    second = wire_session(keep_alive=240)
    first.expect_close(5)
    event = events.take(1)[0]
    assert event["applicationProperties"] == {"who": "first", "iothub-MessageType": "Will"}
    second.expect_alive()


def test_the_python_sdk_stays_usable(python_device, api, device, events):
    """The Python SDK pings every 60 s: far longer than a nap."""
    client = python_device()
    client.receive_messages()
    client.receive_patches()
    client.answer_methods(lambda request: (200, request.payload))
    sleep_through()
    assert api.send_to_device(device.device_id, b"c2d").status_code == 204
    eventually(lambda: client.messages, 10, "the message arrives")
    sleep_through()
    api.patch_desired(device.device_id, {"a": 1})
    eventually(lambda: client.patches, 10, "the change arrives")
    sleep_through()
    assert api.call_method(device.device_id, "echo", [1]).json() == {"status": 200, "payload": [1]}
    sleep_through()
    client.client.send_message("still here")
    assert body_of(events.take(1)[0]) == b"still here"
    assert client.relay.accepted == 1, "it never had to connect again"
