"""Direct-method topics on the wire (device.md §6)."""

import json
import re
import threading
import time

import pytest

from harness import wire as w

CALL = re.compile(r"^\$iothub/methods/POST/([^/]+)/\?\$rid=([^/&?]+)$")


class Call:
    """A method call in flight, made by another thread."""

    def __init__(self, api, device, name, payload=None, **options):
        self._answers = []
        self._thread = threading.Thread(
            target=lambda: self._answers.append(api.call_method(device.device_id, name, payload, **options))
        )
        self._thread.start()

    def answer(self):
        self._thread.join()
        assert self._answers, "the call raised instead of answering"
        return self._answers[0]


@pytest.fixture
def method_wire(wire_session):
    wire = wire_session()
    assert wire.grant(("$iothub/methods/POST/#", 1)) == [1]
    return wire


def take_call(wire: w.Wire) -> tuple[str, str, bytes]:
    """Name, request id and body of the next call."""
    received = wire.expect(w.PUBLISH)
    assert received.qos == 0, "calls go out with QoS 0"
    found = CALL.match(received.topic)
    assert found, received.topic
    return found[1], found[2], received.payload


def nested(answer) -> dict:
    """The flat error inside `Message` (service.md §7)."""
    body = answer.json()
    assert body["ExceptionMessage"] == ""
    inner = json.loads(body["Message"])
    assert inner["trackingId"] and inner["timestampUtc"].endswith("Z")
    assert inner.get("info") is None
    return inner


def test_call_and_reply(method_wire, api, device):
    call = Call(api, device, "reboot", {"delay": 5})
    name, rid, body = take_call(method_wire)
    assert (name, json.loads(body)) == ("reboot", {"delay": 5})
    method_wire.send(w.publish(f"$iothub/methods/res/-12/?$rid={rid}", b'{"done":1.50}', qos=1, packet_id=8))
    assert method_wire.expect(w.PUBACK).packet_id == 8
    answer = call.answer()
    assert answer.status_code == 200
    assert answer.json() == {"status": -12, "payload": {"done": 1.5}}


def test_empty_reply_is_null(method_wire, api, device):
    call = Call(api, device, "reset")
    _, rid, body = take_call(method_wire)
    assert body in (b"", b"null")
    method_wire.send(w.publish(f"$iothub/methods/res/200/?$rid={rid}"))
    assert call.answer().json() == {"status": 200, "payload": None}


def test_replies_out_of_order_find_their_calls(method_wire, api, device):
    calls = {name: Call(api, device, name) for name in ("one", "two", "three")}
    rids = {}
    for _ in calls:
        name, rid, _ = take_call(method_wire)
        rids[name] = rid
    assert len(set(rids.values())) == 3
    for name in ("three", "one", "two"):
        method_wire.send(w.publish(f"$iothub/methods/res/200/?$rid={rids[name]}", json.dumps(name).encode()))
    assert {name: call.answer().json()["payload"] for name, call in calls.items()} == {name: name for name in calls}


def test_unknown_and_repeated_replies_are_ignored(method_wire, api, device):
    method_wire.send(w.publish("$iothub/methods/res/200/?$rid=dead", b"1", qos=1, packet_id=3))
    assert method_wire.expect(w.PUBACK).packet_id == 3
    call = Call(api, device, "once")
    _, rid, _ = take_call(method_wire)
    for status in (200, 500):
        method_wire.send(w.publish(f"$iothub/methods/res/{status}/?$rid={rid}", b"1"))
    assert call.answer().json()["status"] == 200
    method_wire.expect_alive()


def test_late_reply_does_not_answer_the_next_call(method_wire, api, device):
    late = Call(api, device, "slow", response=5)
    _, late_rid, _ = take_call(method_wire)
    assert late.answer().status_code == 504
    call = Call(api, device, "next")
    _, rid, _ = take_call(method_wire)
    assert rid != late_rid
    method_wire.send(w.publish(f"$iothub/methods/res/500/?$rid={late_rid}", b'"late"'))
    method_wire.send(w.publish(f"$iothub/methods/res/200/?$rid={rid}", b'"now"'))
    assert call.answer().json() == {"status": 200, "payload": "now"}


def test_connection_lost_while_waiting(method_wire, api, device):
    started = time.monotonic()
    call = Call(api, device, "reboot", response=30)
    take_call(method_wire)
    method_wire.cut()
    answer = call.answer()
    assert time.monotonic() - started < 15, "the caller must hear of the lost connection at once"
    assert answer.status_code == 404
    assert answer.headers["iothub-errorcode"] == "DeviceConnectionClosedRemotely"
    assert nested(answer)["errorCode"] == 404104


def test_offline_device(api, device):
    started = time.monotonic()
    answer = api.call_method(device.device_id, "reboot")
    assert time.monotonic() - started < 3, "connectTimeoutInSeconds 0 means at once"
    assert answer.status_code == 404
    assert answer.headers["iothub-errorcode"] == "DeviceNotOnline"
    assert nested(answer)["errorCode"] == 404103


def test_connect_timeout_ends(api, device):
    started = time.monotonic()
    answer = api.call_method(device.device_id, "reboot", response=10, connect=3)
    waited = time.monotonic() - started
    assert answer.headers["iothub-errorcode"] == "DeviceNotOnline"
    assert 2.5 < waited < 8, f"waited {waited:.1f} s of 3 s"


def test_connect_timeout_also_waits_for_the_subscription(wire_session, api, device):
    wire = wire_session()
    call = Call(api, device, "wake", {"n": 1}, response=20, connect=15)
    wire.expect_alive()
    with pytest.raises(TimeoutError):
        wire.receive(1)
    wire.send(w.subscribe(1, ("$iothub/methods/POST/#", 0)))
    received = [wire.receive(), wire.receive()]
    assert {packet.kind for packet in received} == {w.SUBACK, w.PUBLISH}
    rid = CALL.match(next(packet.topic for packet in received if packet.kind == w.PUBLISH))[2]
    wire.send(w.publish(f"$iothub/methods/res/200/?$rid={rid}", b"{}"))
    assert call.answer().json() == {"status": 200, "payload": {}}


def test_silent_device_is_a_nested_timeout(method_wire, api, device):
    call = Call(api, device, "sleep", response=5)
    take_call(method_wire)
    answer = call.answer()
    assert answer.status_code == 504
    assert answer.headers["iothub-errorcode"] == "GatewayTimeout"
    assert nested(answer)["errorCode"] == 504101


def test_payload_may_have_128_kilobytes(method_wire, api, device):
    largest = "x" * (128 * 1024 - 2)
    call = Call(api, device, "big", largest)
    _, rid, body = take_call(method_wire)
    assert len(body) == 128 * 1024
    method_wire.send(w.publish(f"$iothub/methods/res/200/?$rid={rid}", body))
    assert call.answer().json()["payload"] == largest


def test_larger_reply_closes(method_wire, api, device):
    call = Call(api, device, "big")
    _, rid, _ = take_call(method_wire)
    method_wire.send(w.publish(f"$iothub/methods/res/200/?$rid={rid}", b'"' + b"x" * (128 * 1024) + b'"'))
    method_wire.expect_close()
    assert call.answer().status_code == 404


def test_larger_payload_is_refused(method_wire, api, device):
    answer = api.call_method(device.device_id, "big", "x" * (128 * 1024))
    assert 400 <= answer.status_code < 500, answer.text
    method_wire.expect_alive()
