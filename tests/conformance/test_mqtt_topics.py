"""Topics, filters, property bags and limits on the wire (device.md §3, §9)."""

import pytest

from harness import wire as w
from harness.rest import body_of
from harness.wire import ConnectionClosed


@pytest.fixture
def telemetry(device):
    return f"devices/{device.device_id}/messages/events/"


class TestFilters:
    """What a device may subscribe to."""

    def test_documented_filters_are_granted_at_most_qos_1(self, wire_session, device):
        own = f"devices/{device.device_id}/messages/devicebound"
        filters = [
            f"{own}/#", own, "$iothub/twin/res/#", "$iothub/twin/res", "$iothub/twin/PATCH/properties/desired/#",
            "$iothub/twin/PATCH/properties/desired", "$iothub/methods/POST/#", "$iothub/methods/POST/reboot/#",
        ]  # fmt: skip
        wire = wire_session()
        for requested, granted in ((0, 0), (1, 1), (2, 1)):
            assert wire.grant(*((name, requested) for name in filters)) == [granted] * len(filters)

    def test_foreign_filters_are_refused_and_the_connection_stays(self, wire_session, device):
        wire = wire_session()
        own = f"devices/{device.device_id}/messages/devicebound/#"
        answers = wire.grant(
            ("#", 1), ("+/+", 0), ("foo/bar", 1), ("devices/other/messages/devicebound/#", 1), (own, 1),
            (f"devices/{device.device_id}/messages/events/#", 0), (f"devices/{device.device_id}/modules/m/#", 0),
        )  # fmt: skip
        assert answers == [0x80, 0x80, 0x80, 0x80, 1, 0x80, 0x80]
        wire.expect_alive()

    def test_unsubscribe_is_always_acknowledged(self, wire_session):
        wire = wire_session()
        wire.send(w.unsubscribe(5, "never/subscribed"))
        assert wire.expect(w.UNSUBACK).packet_id == 5

    @pytest.mark.parametrize(
        "packet",
        [
            w.packet(w.SUBSCRIBE, b"\x00\x01", 2),
            w.subscribe(1, ("$iothub/twin/res/#", 3)),
            w.packet(w.SUBSCRIBE, b"\x00\x01" + w.text("$iothub/twin/res/#") + b"\x00", 0),
            w.packet(w.UNSUBSCRIBE, b"\x00\x01", 2),
            w.subscribe(0, ("$iothub/twin/res/#", 0)),
        ],
        ids=["empty SUBSCRIBE", "QoS 3", "wrong flags", "empty UNSUBSCRIBE", "packet id 0"],
    )
    def test_malformed_subscriptions_close(self, wire_session, packet):
        wire = wire_session()
        wire.send(packet)
        wire.expect_close()


class TestClosing:
    """What ends a connection without an acknowledgement."""

    @pytest.mark.parametrize(
        "topic",
        [
            "foo/bar", "devices/other/messages/events/", "devices/{id}/messages/devicebound/", "devices/{id}/messages/events+",
            "devices/{id}/modules/m/messages/events/", "$iothub/twin/PATCH/properties/desired/?$rid=1", "$iothub/unknown/",
            "$iothub/methods/res/abc/?$rid=1", "$iothub/methods/res/200/", "$iothub/twin/GET/", "$iothub/twin/get/?$rid=1",
            "", "devices/{id}/messages/events/#", "$SYS/broker",
        ],
    )  # fmt: skip
    def test_unknown_topics(self, wire_session, device, topic):
        wire = wire_session()
        wire.send(w.publish(topic.format(id=device.device_id), b"{}", qos=1))
        wire.expect_close()

    def test_qos_2(self, wire_session, telemetry):
        wire = wire_session()
        wire.send(w.publish(telemetry, b"x", qos=2))
        wire.expect_close()

    @pytest.mark.parametrize("bag", ["=v", "a=1&&b=2", "&a=1"])
    def test_malformed_property_bags(self, wire_session, telemetry, bag):
        wire = wire_session()
        wire.send(w.publish(telemetry + bag, b"x", qos=1))
        wire.expect_close()

    @pytest.mark.parametrize(
        "packet",
        [
            w.packet(w.PUBREC, b"\x00\x01"),
            w.packet(6, b"\x00\x01", 2),
            w.packet(7, b"\x00\x01"),
            w.packet(w.CONNACK, b"\x00\x00"),
            w.packet(w.SUBACK, b"\x00\x01\x00"),
            w.packet(w.PINGRESP),
            w.packet(0),
            w.packet(15),
            w.packet(w.PINGREQ, flags=1),
            w.packet(w.PINGREQ, b"x"),
            bytes([0x30, 0xFF, 0xFF, 0xFF, 0xFF, 0x01]),
            w.packet(w.PUBLISH, b"\x00\x02\xc3\x28x"),
            w.packet(w.PUBLISH, b"\x00\x05ab"),
        ],
        ids=[
            "PUBREC", "PUBREL", "PUBCOMP", "CONNACK", "SUBACK", "PINGRESP", "type 0", "type 15", "reserved flag",
            "PINGREQ with a body", "length of five bytes", "topic not UTF-8", "topic longer than the packet",
        ],
    )  # fmt: skip
    def test_packets_that_no_device_may_send(self, wire_session, packet):
        wire = wire_session()
        wire.send(packet)
        wire.expect_close()

    def test_a_declared_length_over_the_limit_closes_before_the_body_comes(self, wire_session):
        wire = wire_session()
        # 330 001 bytes announced, none sent.
        wire.send(bytes([0x30]) + bytes([330_001 & 0x7F | 0x80, 330_001 >> 7 & 0x7F | 0x80, 330_001 >> 14]))
        wire.expect_close()

    def test_acknowledging_an_unknown_id_is_ignored(self, wire_session):
        wire = wire_session()
        wire.send(w.puback(777))
        wire.expect_alive()


class TestSize:
    """262 144 bytes of body, system property values, application names and values."""

    def test_the_largest_message_is_stored(self, wire_session, telemetry, events):
        wire = wire_session()
        body = bytes(262_144 - len("name") - len("value") - len("m1"))
        wire.send(w.publish(telemetry + "name=value&%24.mid=m1", body, qos=1, packet_id=3))
        assert wire.expect(w.PUBACK).packet_id == 3
        assert body_of(events.take(1)[0]) == body

    def test_one_byte_more_closes(self, wire_session, telemetry):
        wire = wire_session()
        wire.send(w.publish(telemetry, bytes(262_145), qos=1))
        wire.expect_close()

    def test_properties_count(self, wire_session, telemetry):
        wire = wire_session()
        body = bytes(262_144 - len("name") - len("value") + 1)
        wire.send(w.publish(telemetry + "name=value", body, qos=1))
        wire.expect_close()


class TestBags:
    """device.md §3.2, §3.3."""

    @pytest.mark.parametrize(
        ("bag", "application"),
        [
            ("", {}),
            ("a", {"a": ""}),
            ("a=", {"a": ""}),
            ("a=1&a=2", {"a": "2"}),
            ("a=b=c", {"a": "b=c"}),
            ("?a=1", {"a": "1"}),
            ("a%2Bb=c%2Bd", {"a+b": "c+d"}),
            ("a%20b=x%2Fy%2Bz%26%3D", {"a b": "x/y+z&="}),
            ("a=1/", {"a": "1"}),
            ("%ED%82%A4=%EA%B0%92", {"키": "값"}),
            ("%24.unknown=1", {"$.unknown": "1"}),
        ],
    )
    def test_application_properties(self, wire_session, telemetry, events, bag, application):
        wire = wire_session()
        wire.send(w.publish(telemetry + bag, b"x", qos=1))
        wire.expect(w.PUBACK)
        assert events.take(1)[0]["applicationProperties"] == application

    def test_topic_without_the_last_slash(self, wire_session, telemetry, events):
        wire = wire_session()
        wire.send(w.publish(telemetry.rstrip("/"), b"x", qos=1))
        wire.expect(w.PUBACK)
        events.take(1)

    @pytest.mark.parametrize("prefix", ["$.", "%24."])
    def test_system_properties_in_both_spellings(self, wire_session, telemetry, events, prefix):
        wire = wire_session()
        bag = f"{prefix}mid=m-1&{prefix}cid=c-1&{prefix}uid=u-1&{prefix}ct=application/json&{prefix}ce=utf-8"
        wire.send(w.publish(telemetry + bag, b'{"t":1}', qos=1))
        wire.expect(w.PUBACK)
        event = events.take(1)[0]
        assert event["applicationProperties"] == {}
        assert event["body"] == {"t": 1}
        system = event["systemProperties"]
        assert (system["message-id"], system["correlation-id"], system["user-id"]) == ("m-1", "c-1", "u-1")
        assert (system["content-type"], system["content-encoding"]) == ("application/json", "utf-8")

    def test_a_device_cannot_claim_another_identity(self, wire_session, telemetry, events, device):
        wire = wire_session()
        wire.send(w.publish(telemetry + "%24.cdid=somebody&%24.cmid=module", b"x", qos=1))
        wire.expect(w.PUBACK)
        system = events.take(1)[0]["systemProperties"]
        assert system["iothub-connection-device-id"] == device.device_id
        assert "iothub-connection-module-id" not in system

    def test_retain_and_dup_become_properties(self, wire_session, telemetry, events):
        wire = wire_session()
        wire.send(w.publish(telemetry, b"x", qos=1, retain=True, dup=True))
        wire.expect(w.PUBACK)
        assert events.take(1)[0]["applicationProperties"] == {"mqtt-retain": "true", "mqtt-dup": "true"}

    def test_qos_0_is_stored_too(self, wire_session, telemetry, events):
        wire = wire_session()
        wire.send(w.publish(telemetry, b"fire and forget"))
        assert body_of(events.take(1)[0]) == b"fire and forget"

    def test_empty_body_has_neither_body_field(self, wire_session, telemetry, events):
        wire = wire_session()
        wire.send(w.publish(telemetry + "heartbeat=1", b"", qos=1))
        wire.expect(w.PUBACK)
        event = events.take(1)[0]
        assert "body" not in event and "bodyBase64" not in event

    def test_nothing_is_stored_from_a_refused_publish(self, wire_session, telemetry, events):
        wire = wire_session()
        wire.send(w.publish(telemetry + "=v", b"bad", qos=1))
        with pytest.raises(ConnectionClosed):
            wire.receive()
        wire = wire_session()
        wire.send(w.publish(telemetry, b"marker", qos=1))
        wire.expect(w.PUBACK)
        assert body_of(events.take(1)[0]) == b"marker"
