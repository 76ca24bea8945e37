"""Cloud-to-device delivery on the wire (device.md §4)."""

from datetime import datetime, timedelta, timezone
from urllib.parse import quote

import pytest

from harness import wire as w
from harness.waiting import eventually


@pytest.fixture
def inbox(device):
    return f"devices/{device.device_id}/messages/devicebound/#"


def send(api, device, body, **headers):
    answer = api.send_to_device(device.device_id, body, {name.replace("_", "-"): value for name, value in headers.items()})
    assert answer.status_code == 204, answer.text


def segment(value: str) -> str:
    return quote(value, safe="")


def test_delivery_topic_of_a_plain_message(wire_session, api, device, inbox):
    wire = wire_session()
    wire.grant((inbox, 1))
    send(api, device, b"plain", iothub_messageid="m-1")
    delivered = wire.expect(w.PUBLISH)
    parts = delivered.topic.split("/")
    assert parts[:4] == ["devices", device.device_id, "messages", "devicebound"] and len(parts) == 5
    bag = dict(item.split("=", 1) for item in parts[4].split("&"))
    assert bag.pop("%24.to").lower() == segment(f"/devices/{device.device_id}/messages/devicebound").lower()
    assert bag.pop("%24.mid") == "m-1"
    # A content type may be stamped from the HTTP request; nothing else was asked for.
    assert set(bag) <= {"%24.ct"}
    assert not delivered.dup and delivered.qos == 1 and delivered.payload == b"plain"


def test_delivery_topic_with_every_property(wire_session, api, device, inbox):
    wire = wire_session()
    wire.grant((inbox, 1))
    expiry = (datetime.now(timezone.utc) + timedelta(minutes=5)).replace(microsecond=0)
    send(
        api, device, b"full", iothub_messageid="m-2", iothub_correlationid="c 1", iothub_userid="op",
        iothub_expiry=expiry.strftime("%Y-%m-%dT%H:%M:%SZ"), iothub_ack="full", Content_Type="application/json",
        Content_Encoding="utf-8", iothub_app_key="a/b c+d",
    )  # fmt: skip
    bag = wire.expect(w.PUBLISH).topic.split("/", 4)[4]
    assert "/" not in bag and "+" not in bag and "$" not in bag
    items = dict(item.split("=", 1) for item in bag.split("&"))
    to = items.pop("%24.to")
    assert to.lower() == segment(f"/devices/{device.device_id}/messages/devicebound").lower()
    assert items == {
        "%24.mid": "m-2", "%24.cid": "c%201", "%24.uid": "op", "%24.ct": "application%2Fjson", "%24.ce": "utf-8",
        "%24.exp": segment(expiry.strftime("%Y-%m-%dT%H:%M:%S.0000000Z")), "iothub-ack": "full", "key": "a%2Fb%20c%2Bd",
    }  # fmt: skip
    names = [item.split("=", 1)[0] for item in bag.split("&")]
    assert names[-1] == "key", "system properties first, then the application's"


def test_unacknowledged_message_comes_again_with_dup(wire_session, api, device, inbox):
    wire = wire_session()
    wire.grant((inbox, 1))
    for body in (b"first", b"second"):
        send(api, device, body)
    first, second = wire.expect(w.PUBLISH), wire.expect(w.PUBLISH)
    assert (first.payload, second.payload) == (b"first", b"second")
    assert not first.dup and first.packet_id != second.packet_id != 0
    wire.cut()

    wire = wire_session()
    again = [wire.expect(w.PUBLISH), wire.expect(w.PUBLISH)]
    assert [(message.payload, message.dup) for message in again] == [(b"first", True), (b"second", True)]
    for message in again:
        wire.send(w.puback(message.packet_id))
    eventually(lambda: api.device(device.device_id)["cloudToDeviceMessageCount"] == 0, 5, "acknowledged messages are gone")
    wire.disconnect()

    wire = wire_session()
    wire.expect_alive()
    send(api, device, b"third")
    third = wire.expect(w.PUBLISH)
    assert (third.payload, third.dup) == (b"third", False)


def test_nothing_is_resent_on_the_same_connection(wire_session, api, device, inbox):
    wire = wire_session()
    wire.grant((inbox, 1))
    send(api, device, b"once")
    wire.expect(w.PUBLISH)
    send(api, device, b"twice")
    assert wire.expect(w.PUBLISH).payload == b"twice"
    wire.expect_alive()


def test_more_messages_than_the_window_all_arrive_in_order(wire_session, api, device, inbox):
    for number in range(30):
        send(api, device, str(number))
    wire = wire_session()
    wire.grant((inbox, 1))
    seen = []
    while len(seen) < 30:
        message = wire.expect(w.PUBLISH)
        seen.append(int(message.payload))
        wire.send(w.puback(message.packet_id))
    assert seen == list(range(30))


def test_qos_0_subscription_completes_on_delivery(wire_session, api, device, inbox):
    wire = wire_session()
    wire.grant((inbox, 0))
    send(api, device, b"light", iothub_messageid="m", iothub_ack="positive")
    message = wire.expect(w.PUBLISH)
    assert (message.qos, message.payload) == (0, b"light")
    eventually(lambda: api.device(device.device_id)["cloudToDeviceMessageCount"] == 0, 5, "delivered means complete")


def test_unsubscribing_stops_delivery_and_keeps_the_queue(wire_session, api, device, inbox):
    wire = wire_session()
    wire.grant((inbox, 1))
    wire.send(w.unsubscribe(3, inbox))
    wire.expect(w.UNSUBACK)
    send(api, device, b"later")
    wire.expect_alive()
    assert api.device(device.device_id)["cloudToDeviceMessageCount"] == 1
    wire.grant((inbox, 1))
    assert wire.expect(w.PUBLISH).payload == b"later"


def test_clean_session_discards_the_queue(open_wire, api, device, inbox):
    send(api, device, b"old")
    wire = open_wire()
    assert not wire.open_session(w.connect(device.client_id, device.user_name, device.token(), clean=True))
    wire.grant((inbox, 1))
    wire.expect_alive()
    send(api, device, b"new")
    assert wire.expect(w.PUBLISH).payload == b"new"
