"""Twin topics on the wire (device.md §5)."""

import json

import pytest

from harness import wire as w

GET = "$iothub/twin/GET/?$rid="
REPORT = "$iothub/twin/PATCH/properties/reported/?$rid="


@pytest.fixture
def twin_wire(wire_session):
    """A session that holds both twin filters at QoS 1, as the Python SDK does."""
    wire = wire_session()
    assert wire.grant(("$iothub/twin/res/#", 1), ("$iothub/twin/PATCH/properties/desired/#", 1)) == [1, 1]
    return wire


def report(wire: w.Wire, body: bytes, rid: str = "r") -> w.Received:
    """Publishes a report with QoS 0 and gives the response."""
    wire.send(w.publish(REPORT + rid, body))
    return wire.expect(w.PUBLISH)


def assert_error(response: w.Received, status: int, rid: str = "r") -> dict:
    """The error body that Node reads and the status that Python reads must agree."""
    assert response.topic == f"$iothub/twin/res/{status}/?$rid={rid}"
    body = json.loads(response.payload)
    assert body["errorCode"] // 1000 == status
    assert body["message"] and body["trackingId"] and body["timestampUtc"].endswith("Z")
    return body


def test_get_answers_with_qos_0(twin_wire):
    twin_wire.send(w.publish(GET + "a1", b" "))
    response = twin_wire.expect(w.PUBLISH)
    assert response.topic == "$iothub/twin/res/200/?$rid=a1"
    assert response.qos == 0
    assert json.loads(response.payload) == {"desired": {"$version": 1}, "reported": {"$version": 1}}


@pytest.mark.parametrize("rid", ["1", "0f2e9c1a-6a6b-4b5e-8a76-0c9f8d1e2b3c", "A%2Fb", "x.y:z"])
def test_request_id_returns_byte_for_byte(twin_wire, rid):
    twin_wire.send(w.publish(GET + rid))
    assert twin_wire.expect(w.PUBLISH).topic == f"$iothub/twin/res/200/?$rid={rid}"


def test_qos_1_request_gets_acknowledgement_and_response(twin_wire):
    twin_wire.send(w.publish(GET + "q", qos=1, packet_id=44))
    answers = {answer.kind: answer for answer in (twin_wire.receive(), twin_wire.receive())}
    assert answers[w.PUBACK].packet_id == 44
    assert answers[w.PUBLISH].topic == "$iothub/twin/res/200/?$rid=q"


def test_report_answers_204_with_the_new_version(twin_wire, api, device):
    response = report(twin_wire, b'{"b":{"c":1},"gone":null}')
    assert response.topic == "$iothub/twin/res/204/?$rid=r&$version=2"
    assert response.payload == b""
    assert report(twin_wire, b"{}").topic.endswith("&$version=3"), "every accepted patch counts"
    reported = api.twin(device.device_id)["properties"]["reported"]
    assert (reported["b"], reported["$version"]) == ({"c": 1}, 3)
    assert "gone" not in reported


def test_report_on_an_expected_version(twin_wire):
    twin_wire.send(w.publish(REPORT + "r&$version=1", b'{"a":1}'))
    assert twin_wire.expect(w.PUBLISH).topic == "$iothub/twin/res/204/?$rid=r&$version=2"
    twin_wire.send(w.publish(REPORT + "r&$version=1", b'{"a":2}'))
    assert_error(twin_wire.expect(w.PUBLISH), 412)


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"5", b"{", b'{"$version":3}', b'{"$metadata":{}}', b'{"a":[null]}', b"\xff\xfe", b'{"a":-4503599627370497}'],
)
def test_invalid_reports_answer_400_and_change_nothing(twin_wire, body):
    assert_error(report(twin_wire, body), 400)
    twin_wire.send(w.publish(GET + "g"))
    assert json.loads(twin_wire.expect(w.PUBLISH).payload)["reported"] == {"$version": 1}


class TestLimits:
    """device.md §5.4, each limit and one beyond."""

    @staticmethod
    def accepted(wire: w.Wire, document: dict) -> bool:
        response = report(wire, json.dumps(document, ensure_ascii=False).encode())
        if response.topic.startswith("$iothub/twin/res/204/"):
            return True
        assert response.topic.startswith(("$iothub/twin/res/400/", "$iothub/twin/res/413/")), response
        return False

    @staticmethod
    def nested(depth: int) -> dict:
        """A scalar in the object that lies `depth` deep in the section."""
        document: dict = {"leaf": 1}
        for _ in range(depth):
            document = {"o": document}
        return document

    def test_key_length(self, twin_wire):
        assert self.accepted(twin_wire, {"k" * 1024: 1})
        assert not self.accepted(twin_wire, {"k" * 1025: 1})

    def test_depth(self, twin_wire):
        assert self.accepted(twin_wire, self.nested(10))
        assert not self.accepted(twin_wire, self.nested(11))

    def test_integers(self, twin_wire):
        assert self.accepted(twin_wire, {"least": -4503599627370496, "most": 4503599627370495})
        assert not self.accepted(twin_wire, {"most": 4503599627370496})

    def test_section_size(self, twin_wire):
        # 8 keys of two bytes with 4094 bytes each: exactly 32 KB.
        document = {f"k{number}": "v" * 4094 for number in range(8)}
        assert self.accepted(twin_wire, document)
        assert not self.accepted(twin_wire, {"k0": "v" * 4095})
        assert self.accepted(twin_wire, {"k0": "v" * 4093}), "a smaller value must still fit"

    def test_number_sizes_count_eight_and_booleans_four(self, twin_wire):
        base = {f"k{number}": "v" * 4094 for number in range(7)}
        rest = 32_768 - 7 * 4096
        assert rest == 4096
        # key 1 + number 8, key 1 + boolean 4, key 1 + the rest
        filler = "v" * (4096 - 9 - 5 - 1)
        assert self.accepted(twin_wire, {**base, "n": 1.5, "b": True, "s": filler})
        assert not self.accepted(twin_wire, {"s": filler + "v"})


def test_without_the_filter_there_is_no_response(wire_session, api, device):
    wire = wire_session()
    wire.send(w.publish(REPORT + "r", b'{"a":1}', qos=1, packet_id=2))
    assert wire.expect(w.PUBACK).packet_id == 2
    wire.expect_alive()
    assert api.twin(device.device_id)["properties"]["reported"]["a"] == 1


def test_report_without_request_id_is_applied_silently(twin_wire, api, device):
    twin_wire.send(w.publish("$iothub/twin/PATCH/properties/reported/", b'{"a":1}', qos=1, packet_id=2))
    assert twin_wire.expect(w.PUBACK).packet_id == 2
    twin_wire.expect_alive()
    assert api.twin(device.device_id)["properties"]["reported"]["a"] == 1


def test_desired_push_carries_the_patch_and_its_version(twin_wire, api, device):
    api.patch_desired(device.device_id, {"interval": 30, "unset": None})
    push = twin_wire.expect(w.PUBLISH)
    assert push.topic == "$iothub/twin/PATCH/properties/desired/?$version=2"
    assert push.qos == 0
    assert json.loads(push.payload) == {"interval": 30, "unset": None, "$version": 2}


def test_tags_are_none_of_the_devices_business(twin_wire, api, device):
    answer = api.patch(f"/twins/{device.device_id}", json={"tags": {"site": "s1"}})
    assert answer.status_code == 200, answer.text
    twin_wire.expect_alive()
    twin_wire.send(w.publish(GET + "g"))
    assert set(json.loads(twin_wire.expect(w.PUBLISH).payload)) == {"desired", "reported"}


def test_changes_made_offline_are_not_pushed_later(wire_session, api, device):
    wire = wire_session()
    wire.grant(("$iothub/twin/PATCH/properties/desired/#", 0))
    wire.disconnect()
    api.wait_for_state(device.device_id, "Disconnected")
    api.patch_desired(device.device_id, {"a": 1})
    wire = wire_session()
    wire.expect_alive()
    api.patch_desired(device.device_id, {"a": 2})
    assert wire.expect(w.PUBLISH).topic.endswith("?$version=3")
