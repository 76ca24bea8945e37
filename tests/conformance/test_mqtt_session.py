"""MQTT sessions over time: what is kept, what ends them (device.md §2.5–§2.7)."""

import json
import time

import pytest

from harness import wire as w
from harness.rest import EventReader, body_of
from harness.waiting import let_time_pass


@pytest.fixture
def inbox(device):
    return f"devices/{device.device_id}/messages/devicebound/#"


def session_present(open_wire, device, *, clean: bool = False):
    wire = open_wire()
    present = wire.open_session(w.connect(device.client_id, device.user_name, device.token(), clean=clean))
    return wire, present


def test_session_exists_only_after_a_subscription(open_wire, device, inbox):
    wire, present = session_present(open_wire, device)
    assert not present
    wire.disconnect()
    wire, present = session_present(open_wire, device)
    assert not present, "nothing was subscribed yet"
    wire.grant((inbox, 1))
    wire.disconnect()
    wire, present = session_present(open_wire, device)
    assert present


def test_clean_session_deletes_the_stored_one(open_wire, device, inbox):
    wire, _ = session_present(open_wire, device)
    wire.grant((inbox, 1))
    wire.disconnect()
    wire, present = session_present(open_wire, device, clean=True)
    assert not present
    wire.grant((inbox, 1))
    wire.disconnect()
    wire, present = session_present(open_wire, device)
    assert not present, "a clean session leaves nothing behind"


def test_every_filter_survives_a_reconnect(open_wire, device, api, inbox):
    wire, _ = session_present(open_wire, device)
    filters = [inbox, "$iothub/twin/res/#", "$iothub/twin/PATCH/properties/desired/#", "$iothub/methods/POST/#"]
    assert wire.grant(*((name, 1) for name in filters)) == [1, 1, 1, 1]
    wire.cut()
    wire, present = session_present(open_wire, device)
    assert present
    wire.send(w.publish("$iothub/twin/GET/?$rid=r1", b" "))
    assert wire.expect(w.PUBLISH).topic == "$iothub/twin/res/200/?$rid=r1"
    api.patch_desired(device.device_id, {"a": 1})
    assert wire.expect(w.PUBLISH).topic == "$iothub/twin/PATCH/properties/desired/?$version=2"
    assert api.send_to_device(device.device_id, b"x").status_code == 204
    delivered = wire.expect(w.PUBLISH)
    assert delivered.payload == b"x" and delivered.qos == 1


def test_newest_connection_wins(open_wire, device, events):
    first, _ = session_present(open_wire, device)
    second, _ = session_present(open_wire, device)
    first.expect_close(5)
    second.send(w.publish(f"devices/{device.device_id}/messages/events/", b"second", qos=1))
    second.expect(w.PUBACK)
    assert body_of(events.take(1)[0]) == b"second"


def test_ping_keeps_a_connection_and_silence_ends_it(wire_session, device, api):
    wire = wire_session(keep_alive=4)
    for _ in range(2):
        let_time_pass(3, "keep-alive: a ping within the interval keeps the connection")
        wire.expect_alive()
    silent_since = time.monotonic()
    wire.expect_close(20)
    silence = time.monotonic() - silent_since
    assert 5.5 <= silence <= 10, f"keep-alive 4 s means closed after about 6 s of silence, was {silence:.1f} s"
    api.wait_for_state(device.device_id, "Disconnected", 5)


def test_any_packet_counts_as_a_sign_of_life(wire_session, device):
    wire = wire_session(keep_alive=4)
    for number in range(1, 4):
        let_time_pass(3, "keep-alive: telemetry within the interval keeps the connection")
        wire.send(w.publish(f"devices/{device.device_id}/messages/events/", b"t", qos=1, packet_id=number))
        wire.expect(w.PUBACK)


def test_expired_token_ends_the_connection(open_wire, device):
    # Valid for 10 s more, thanks to the five minutes of skew.
    wire = open_wire()
    assert not wire.open_session(w.connect(device.client_id, device.user_name, device.token(lifetime=-290), keep_alive=240))
    connected = time.monotonic()
    wire.expect_close(90)
    assert time.monotonic() - connected > 5, "closed before the token had run out"
    again = open_wire()
    again.send(w.connect(device.client_id, device.user_name, device.token(lifetime=-301)))
    assert again.expect(w.CONNACK).body[1] == 5


class TestWill:
    """A will becomes telemetry when the connection ends without DISCONNECT."""

    @pytest.fixture
    def topic(self, device):
        return f"devices/{device.device_id}/messages/events/reason=lost&%24.ct=application%2Fjson&%24.ce=utf-8"

    def test_cut_connection_sends_the_will(self, wire_session, events, topic):
        wire_session(will=(topic, b'{"lost": true}'), will_qos=1).cut()
        event = events.take(1)[0]
        assert event["applicationProperties"] == {"reason": "lost", "iothub-MessageType": "Will"}
        assert event["body"] == {"lost": True}

    def test_disconnect_discards_the_will(self, wire_session, device, events, topic):
        wire_session(will=(topic, b'{"lost": true}')).disconnect()
        second = wire_session()
        second.send(w.publish(f"devices/{device.device_id}/messages/events/", b"marker", qos=1))
        second.expect(w.PUBACK)
        assert [body_of(event) for event in events.take(1)] == [b"marker"], "only the marker may be stored"

    def test_take_over_sends_the_will(self, wire_session, events, topic):
        first = wire_session(will=(topic, b'{"lost": true}'))
        wire_session()
        first.expect_close(5)
        assert events.take(1)[0]["applicationProperties"]["iothub-MessageType"] == "Will"

    def test_missed_keep_alive_sends_the_will(self, wire_session, events, topic):
        wire = wire_session(will=(topic, b'{"lost": true}'), keep_alive=2)
        wire.expect_close(15)
        assert events.take(1)[0]["applicationProperties"]["iothub-MessageType"] == "Will"

    @pytest.mark.parametrize("foreign", ["devices/other/messages/events/", "some/topic", "$iothub/twin/GET/?$rid=1"])
    def test_will_on_a_foreign_topic_refuses_the_connect(self, open_wire, device, foreign):
        wire = open_wire()
        wire.send(w.connect(device.client_id, device.user_name, device.token(), will=(foreign, b"x")))
        assert wire.expect(w.CONNACK).body[1] == 5
        wire.expect_close(5)


class TestRegistryEndsConnections:
    """Disabled, deleted, re-keyed: closed within 5 s, even when idle (device.md §2.6)."""

    def test_disable(self, wire_session, device, api):
        wire = wire_session()
        api.set_status(device.device_id, "disabled")
        wire.expect_close(5)

    def test_delete(self, wire_session, device, api):
        wire = wire_session()
        api.delete_device(device.device_id)
        wire.expect_close(5)

    def test_new_keys(self, wire_session, device, api):
        wire = wire_session()
        registered = api.device(device.device_id)
        del registered["authentication"]
        api.replace_device(registered)
        wire.expect_close(5)

    def test_other_changes_leave_it_alone(self, wire_session, device, api):
        wire = wire_session()
        api.replace_device({**api.device(device.device_id), "statusReason": "inspected"})
        wire.expect_alive()

    def test_a_new_device_of_the_same_name_starts_afresh(self, wire_session, open_wire, device, api):
        wire = wire_session()
        wire.grant((f"devices/{device.device_id}/messages/devicebound/#", 1))
        assert api.send_to_device(device.device_id, b"for the old one").status_code == 204
        assert wire.expect(w.PUBLISH).payload == b"for the old one"
        generation = api.device(device.device_id)["generationId"]
        api.delete_device(device.device_id)
        again = api.create_device(device.device_id)
        assert api.device(device.device_id)["generationId"] != generation
        wire = open_wire()
        present = wire.open_session(w.connect(again.client_id, again.user_name, again.token()))
        assert not present, "the old device's session must be gone"
        wire.grant((f"devices/{device.device_id}/messages/devicebound/#", 1))
        wire.expect_alive()


def test_connection_events_tell_the_story(wire_session, device, api, hub_event_routes):
    states = EventReader(api, deviceId=device.device_id, source="deviceConnectionStateEvents")
    wire = wire_session()
    connected = states.take(1)[0]
    wire.cut()
    disconnected = states.take(1)[0]
    for event, operation in ((connected, "deviceConnected"), (disconnected, "deviceDisconnected")):
        properties = event["applicationProperties"]
        assert properties["opType"] == operation, json.dumps(event)
        assert properties["deviceId"] == device.device_id
        assert properties["iothub-message-schema"] == "deviceConnectionStateNotification"
    numbers = [event["body"]["sequenceNumber"] for event in (connected, disconnected)]
    assert all(len(number) == 64 for number in numbers)
    assert numbers[0] < numbers[1]
