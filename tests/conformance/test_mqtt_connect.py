"""MQTT CONNECT on the wire: upgrade, user names, tokens, CONNACK codes (device.md §1, §2)."""

from urllib.parse import quote

import pytest

from harness import wire as w
from harness.tokens import DeviceCredentials, sign, token


def connack(wire: w.Wire, packet: bytes) -> int:
    """The CONNACK code; after a refusal the hub must close."""
    wire.send(packet)
    answer = wire.expect(w.CONNACK)
    code = answer.body[1]
    if code:
        assert answer.body[0] == 0, "session present must be 0 after a refusal"
        wire.expect_close(5)
    return code


def test_upgrade_answer_is_what_paho_parses_by_hand(open_wire):
    wire = open_wire(headers={"Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits"})
    assert wire.status == 101
    assert "sec-websocket-extensions" not in wire.headers
    assert any(line.startswith("Sec-WebSocket-Accept: ") for line in wire.header_lines), wire.header_lines
    for line in wire.header_lines:
        if "connection" in line.lower():
            assert line == "Connection: Upgrade", line


@pytest.mark.parametrize("spelling", ["mqtt", "MQTT", "Mqtt"])
def test_sub_protocol_is_echoed_in_the_clients_spelling(open_wire, spelling):
    wire = open_wire(protocol=spelling)
    assert wire.status == 101
    assert wire.headers["sec-websocket-protocol"] == spelling


@pytest.mark.parametrize("protocol", [None, "mqttv3.1", "AMQPWSB10", "chat"])
def test_other_sub_protocols_are_refused(open_wire, protocol):
    assert open_wire(protocol=protocol).status == 400


def test_only_an_upgrade_is_served_on_the_path(api):
    assert api.get("/$iothub/websocket", api_version=None).status_code == 400


def test_query_of_the_upgrade_is_ignored(open_wire, device):
    wire = open_wire(path="/$iothub/websocket?iothub-no-client-cert=true")
    assert connack(wire, w.connect(device.client_id, device.user_name, device.token())) == 0


@pytest.mark.parametrize(
    "tail",
    [
        "/?api-version=2019-10-01&DeviceClientType=azure-iot-device-iothub-py%2F2.14.0%28x%29",
        "/api-version=2016-11-14&DeviceClientType=x",
        "/DeviceClientType=x&api-version=2017-06-30",
        "/?api-version=2021-04-12&DeviceClientType=a+b&model-id=dtmi:com:example:Thermostat;1",
        "",
        "/",
    ],
)
def test_every_user_name_form_connects(open_wire, device, tail):
    user_name = f"{device.host_name}/{device.device_id}{tail}"
    assert connack(open_wire(), w.connect(device.client_id, user_name, device.token())) == 0


def test_model_id_is_shown_in_the_twin(open_wire, device, api):
    model = "dtmi:com:example:Thermostat;1"
    user_name = f"{device.user_name}&model-id={model}"
    assert connack(open_wire(), w.connect(device.client_id, user_name, device.token())) == 0
    assert api.twin(device.device_id)["modelId"] == model


@pytest.mark.parametrize(
    ("user_name", "code"),
    [
        ("{host}/someone-else/?api-version=2021-04-12", 5),
        ("otherhub.azure-devices.net/{id}/?api-version=2021-04-12", 5),
        ("{host}", 3),
        ("{host}/{id}/a/b/?api-version=2021-04-12", 3),
    ],
    ids=["another device", "another hub", "no device", "too many segments"],
)
def test_wrong_user_names_are_refused(open_wire, device, user_name, code):
    name = user_name.format(host=device.host_name, id=device.device_id)
    assert connack(open_wire(), w.connect(device.client_id, name, device.token())) == code


def test_client_id_must_equal_the_device(open_wire, device):
    assert connack(open_wire(), w.connect(device.device_id.upper(), device.user_name, device.token())) == 5


@pytest.mark.parametrize("level", [3, 5])
def test_other_protocol_levels_get_code_1(open_wire, device, level):
    packet = w.connect(device.client_id, device.user_name, device.token(), level=level)
    assert connack(open_wire(), packet) == 1


def test_disabled_device_gets_code_3(open_wire, device, api):
    api.set_status(device.device_id, "disabled")
    assert connack(open_wire(), w.connect(device.client_id, device.user_name, device.token())) == 3


def test_a_bad_token_does_not_reveal_that_a_device_is_disabled(open_wire, device, api):
    api.set_status(device.device_id, "disabled")
    wrong = device.token(key="AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")
    assert connack(open_wire(), w.connect(device.client_id, device.user_name, wrong)) == 5


class TestTokens:
    """device.md §2.3."""

    @staticmethod
    def refused(wire: w.Wire, device: DeviceCredentials, password: str | None) -> bool:
        code = connack(wire, w.connect(device.client_id, device.user_name, password))
        assert code in (0, 5)
        return code == 5

    def test_resource_is_verified_as_it_stands(self, open_wire, device):
        upper = quote(device.resource, safe="")
        for raw in (upper, upper.replace("%2F", "%2f"), device.resource, upper + "%2F", upper.lower()):
            assert not self.refused(open_wire(), device, token(raw, device.primary_key)), raw

    def test_fields_may_come_in_any_order(self, open_wire, device):
        kind, fields = device.token().split(" ")
        backwards = "&".join(reversed(fields.split("&")))
        assert not self.refused(open_wire(), device, f"{kind} {backwards}")

    def test_secondary_key_signs_too(self, open_wire, device):
        assert not self.refused(open_wire(), device, device.token(key=device.secondary_key))

    def test_policy_with_device_connect_opens_any_device(self, open_wire, device, hub):
        for resource in (device.host_name, f"{device.host_name}/devices", device.resource):
            raw = quote(resource, safe="")
            assert not self.refused(open_wire(), device, token(raw, hub.owner.key, policy=hub.owner.policy)), resource

    def test_without_policy_only_the_devices_own_resource_counts(self, open_wire, device):
        for resource in (device.host_name, f"{device.host_name}/devices", f"{device.host_name}/devices/other"):
            assert self.refused(open_wire(), device, token(quote(resource, safe=""), device.primary_key)), resource

    def test_five_minutes_of_clock_skew_are_forgiven(self, open_wire, device):
        assert not self.refused(open_wire(), device, device.token(lifetime=-240))
        assert self.refused(open_wire(), device, device.token(lifetime=-310))

    def test_fractional_expiry_is_legal(self, open_wire, device):
        assert not self.refused(open_wire(), device, device.token(expiry="4102444800.5"))

    def test_tampered_tokens_are_refused(self, open_wire, device):
        raw, expiry = quote(device.resource, safe=""), "4102444800"
        signature = sign(raw, expiry, device.primary_key)
        flipped = ("B" if signature[0] != "B" else "C") + signature[1:]
        tampered = [
            f"SharedAccessSignature sr={raw}&sig={quote(flipped, safe='')}&se={expiry}",
            f"SharedAccessSignature sr={raw}&sig={quote(signature, safe='')}&se=4102444801",
            f"SharedAccessSignature sr={raw}&se={expiry}",
            f"SharedAccessSignature sr={raw}&sig=&se={expiry}",
            f"Bearer sr={raw}&sig={quote(signature, safe='')}&se={expiry}",
            f"SharedAccessSignature sr={raw}&sig={quote(signature, safe='')}&se={expiry} x",
            "",
            None,
        ]
        for password in tampered:
            assert self.refused(open_wire(), device, password), password

    def test_unknown_policy_is_refused(self, open_wire, device, hub):
        raw = quote(device.resource, safe="")
        assert self.refused(open_wire(), device, token(raw, hub.owner.key, policy="nobody"))


class TestByteStream:
    """Frames carry a byte stream (device.md §1)."""

    def test_connect_in_thirteen_messages_with_empty_ones(self, open_wire, device):
        wire = open_wire()
        packet = w.connect(device.client_id, device.user_name, device.token())
        size = -(-len(packet) // 13)
        for start in range(0, len(packet), size):
            wire.send(packet[start : start + size])
            wire.send(b"")
        assert wire.expect(w.CONNACK).body == b"\x00\x00"

    def test_one_byte_per_message(self, wire_session, device):
        wire = wire_session()
        for byte in w.subscribe(7, (f"devices/{device.device_id}/messages/devicebound/#", 1)):
            wire.send(bytes([byte]))
        assert wire.expect(w.SUBACK).body == b"\x00\x07\x01"

    def test_several_packets_in_one_message(self, wire_session, device, events):
        wire = wire_session()
        topic = f"devices/{device.device_id}/messages/events/"
        wire.send(b"".join(w.publish(topic, b"%d" % number, qos=1, packet_id=number) for number in (1, 2, 3)))
        assert [wire.expect(w.PUBACK).packet_id for _ in range(3)] == [1, 2, 3]
        events.take(3)

    def test_packets_after_connect_wait_for_its_answer(self, open_wire, device):
        wire = open_wire()
        wire.send(w.connect(device.client_id, device.user_name, device.token()) + w.packet(w.PINGREQ))
        wire.send(w.publish(f"devices/{device.device_id}/messages/events/", b"early", qos=1, packet_id=9))
        assert wire.expect(w.CONNACK).body == b"\x00\x00"
        kinds = {wire.receive().kind, wire.receive().kind}
        assert kinds == {w.PINGRESP, w.PUBACK}

    def test_text_message_closes(self, wire_session):
        wire = wire_session()
        wire.send(b"hello", opcode=1)
        wire.expect_close()

    def test_first_packet_must_be_connect(self, open_wire):
        wire = open_wire()
        wire.send(w.packet(w.PINGREQ))
        wire.expect_close()

    def test_second_connect_closes(self, wire_session, device):
        wire = wire_session()
        wire.send(w.connect(device.client_id, device.user_name, device.token()))
        wire.expect_close()
