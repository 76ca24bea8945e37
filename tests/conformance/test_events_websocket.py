"""Readers of the built-in events endpoint over a WebSocket, and conditions that choose among events
(query-routing-events.md §3, §5.2)."""

import json
import time
import uuid

import pytest

from harness import wire as w
from harness.rest import assert_classic_error
from harness.server_sent_events import server_sent_events
from harness.waiting import eventually

PATH = "/api/v1/events/ws"
# Nothing more comes within this time.
QUIET_SECONDS = 1.0


class Reader:
    """A client of the WebSocket."""

    def __init__(self, wire: w.Wire):
        self.wire = wire

    def say(self, **frame) -> "Reader":
        self.wire.send(json.dumps(frame).encode(), opcode=1)
        return self

    def frame(self, seconds: float = 10) -> dict:
        return json.loads(self.wire.receive_text(seconds))

    def take(self, count: int) -> list[dict]:
        """The next frames, which must all be events."""
        frames = [self.frame() for _ in range(count)]
        assert all(frame["type"] == "event" for frame in frames), frames
        return frames

    def expect_nothing(self) -> None:
        try:
            raise AssertionError(f"more came: {self.wire.receive_text(QUIET_SECONDS)}")
        except TimeoutError:
            pass

    def expect_end(self) -> tuple[str, int]:
        """An error and then the end: the error's code, and the socket's."""
        frame = self.frame()
        assert frame["type"] == "error" and frame["message"], frame
        with pytest.raises(w.ConnectionClosed) as ended:
            self.wire.receive_text()
        return frame["code"], ended.value.code


@pytest.fixture
def read(open_wire, api):
    """Opens a WebSocket; with arguments, it begins to read at once."""

    def begin(**start) -> Reader:
        wire = open_wire(path=PATH, protocol=None, headers={"Authorization": api.authorization()})
        assert wire.status == 101, (wire.status, wire.headers)
        reader = Reader(wire)
        return reader.say(type="start", **start) if start else reader

    return begin


@pytest.fixture
def tell(wire_session, device):
    """Stores telemetry of this test's device with a level each, acknowledged."""
    wire = wire_session()
    numbers = iter(range(1, 60_000))

    def send(*bodies: str, level: str = "low") -> None:
        topic = f"devices/{device.device_id}/messages/events/level={level}&%24.ct=application%2Fjson&%24.ce=utf-8"
        for body in bodies:
            packet_id = next(numbers)
            wire.send(w.publish(topic, body.encode(), qos=1, packet_id=packet_id))
            assert wire.expect(w.PUBACK).packet_id == packet_id

    return send


@pytest.fixture
def group(api):
    """A consumer group of our own."""
    name = f"g-{uuid.uuid4().hex[:12]}"
    assert api.put(f"/api/v1/consumer-groups/{name}").status_code == 201
    yield name
    api.delete(f"/api/v1/consumer-groups/{name}")


@pytest.fixture
def here(device):
    """The telemetry of this test's device."""
    return {"deviceId": device.device_id, "source": "Telemetry"}


def numbers(frames: list[dict]) -> list[int]:
    return [frame["event"]["body"]["n"] for frame in frames]


def test_a_client_gets_what_it_has_credit_for(read, tell, here):
    tell(*(f'{{"n":{number}}}' for number in range(5)))
    reader = read(**{"from": "earliest"}, credit=2, **here)
    assert numbers(reader.take(2)) == [0, 1]
    reader.expect_nothing()
    reader.say(type="credit", n=2)
    assert numbers(reader.take(2)) == [2, 3]
    reader.expect_nothing()
    reader.say(type="credit", n=9)
    assert numbers(reader.take(1)) == [4]


def test_an_event_is_the_one_of_a_page(read, tell, here, device, events):
    tell('{"n":1}')
    (frame,) = read(**{"from": "earliest"}, credit=1, **here).take(1)
    assert frame["event"] == events.take(1)[0]
    assert frame["event"]["deviceId"] == device.device_id


def test_news_come_at_once(read, tell, here, api):
    # Positions are fixed when the first frame is read: the credit proves that it was.
    tell('{"n":0}')
    reader = read(**{"from": "earliest"}, credit=3, **here)
    reader.take(1)
    for number in (1, 2):
        tell(f'{{"n":{number}}}')
        acknowledged = time.monotonic()
        assert numbers(reader.take(1)) == [number]
        assert time.monotonic() - acknowledged < 2


def test_all_partitions_merged(read, tell, here):
    tell('{"n":1}', '{"n":2}')
    reader = read(**{"from": "earliest"}, credit=1000, filter=f"$connectionDeviceId = '{here['deviceId']}'", source="Telemetry")
    frames = reader.take(2)
    assert numbers(frames) == [1, 2]
    again = read(**{"from": f"cursor:{frames[0]['cursor']}"}, credit=9, source="Telemetry",
                 filter=f"$connectionDeviceId = '{here['deviceId']}'")  # fmt: skip
    assert numbers(again.take(1)) == [2]


def test_an_acknowledgement_is_the_groups_checkpoint(read, tell, here, group, api):
    tell(*(f'{{"n":{number}}}' for number in range(4)))
    reader = read(group=group, credit=4, **here)
    frames = reader.take(4)
    assert numbers(frames) == [0, 1, 2, 3]
    reader.say(type="ack", cursor=frames[1]["cursor"])

    def rest() -> bool:
        page = api.get("/api/v1/events", parameters={"group": group, "from": "checkpoint", **here}).json()
        return [event["body"]["n"] for event in page["events"]] == [2, 3]

    eventually(rest, 10, "the checkpoint is stored")
    assert numbers(read(group=group, credit=9, **here).take(2)) == [2, 3]
    # Going back is refused and told; the reader goes on.
    reader.say(type="ack", cursor=frames[0]["cursor"])
    refused = reader.frame()
    assert (refused["type"], refused["code"]) == ("error", "GenericConflict")
    reader.say(type="credit", n=1)
    tell('{"n":4}')
    assert numbers(reader.take(1)) == [4]


@pytest.mark.parametrize(
    "frame",
    ["", "hello", "[]", "{}", '{"type":"stop"}', '{"type":"credit","n":1}', '{"type":"start","credit":10001}',
     '{"type":"start","from":"yesterday"}', '{"type":"start","filter":"level <= 3"}', '{"type":"start","partition":99}'],
)  # fmt: skip
def test_what_breaks_the_rules_ends_the_session(read, frame):
    reader = read()
    reader.wire.send(frame.encode(), opcode=1)
    assert reader.expect_end() == ("ArgumentInvalid", 1008)


def test_a_second_start_ends_the_session(read):
    reader = read(**{"from": "latest"}, credit=0)
    assert reader.say(type="start", **{"from": "latest"}).expect_end() == ("ArgumentInvalid", 1008)


def test_a_group_must_exist(read):
    assert read(group="nobody", credit=1).expect_end() == ("GenericNotFound", 1008)


def test_large_frames_and_bytes_end_the_session(read):
    reader = read()
    reader.wire.send(json.dumps({"type": "start", "x": "y" * 5000}).encode(), opcode=1)
    assert reader.expect_end() == ("MessageTooLarge", 1009)
    reader = read()
    reader.wire.send(b'{"type":"start"}', opcode=2)
    assert reader.expect_end() == ("ArgumentInvalid", 1003)


def test_five_readers_of_a_group_follow_a_partition(read, group):
    start = {"from": "latest", "group": group, "partition": 0, "credit": 10}
    readers = [read(**start) for _ in range(6)]
    ended = []

    def one_was_refused() -> bool:
        for reader in readers:
            try:
                ended.append(json.loads(reader.wire.receive_text(0.1)))
            except TimeoutError:
                pass
        return bool(ended)

    eventually(one_was_refused, 10, "the sixth is refused")
    assert [(frame["type"], frame["code"]) for frame in ended] == [("error", "ThrottlingException")]


def test_who_may_open_one(open_wire, api):
    assert open_wire(path=PATH, protocol=None).status == 401
    assert_classic_error(api.get(PATH), 400, "ArgumentInvalid")


class TestConditions:
    HOT = "level = 'high' AND $body.n > 1"

    def test_pages(self, api, tell, here):
        tell('{"n":1}', '{"n":2}', level="high")
        tell('{"n":3}')
        tell('{"n":4}', "not json", level="high")

        def page(position: str, **parameters: str) -> dict:
            answer = api.get("/api/v1/events", parameters={"from": position, **here, **parameters})
            assert answer.status_code == 200, answer.text
            return answer.json()

        hot = page("earliest", filter=self.HOT)
        assert [event["body"]["n"] for event in hot["events"]] == [2, 4]
        # What was passed over counts as read.
        assert page(f"cursor:{hot['cursor']}")["events"] == []
        first = page("earliest", filter=self.HOT, max="1")
        assert [event["body"]["n"] for event in first["events"]] == [2]
        rest = page(f"cursor:{first['cursor']}")["events"]
        assert [event["body"]["n"] for event in rest[:2]] == [3, 4]

    def test_long_poll(self, api, tell, here):
        cursor = api.get("/api/v1/events", parameters={"from": "latest", **here}).json()["cursor"]
        tell('{"n":5}')
        tell('{"n":6}', level="high")
        started = time.monotonic()
        answer = api.get("/api/v1/events", parameters={"from": f"cursor:{cursor}", "wait": "30", "filter": self.HOT, **here})
        assert [event["body"]["n"] for event in answer.json()["events"]] == [6]
        assert time.monotonic() - started < 10

    def test_server_sent_events(self, api, tell, here):
        parameters = {"from": "earliest", "filter": self.HOT, **here}
        with api.get("/api/v1/events/stream", parameters=parameters, stream=True) as stream:
            assert stream.status_code == 200, stream.text
            tell('{"n":1}', '{"n":2}', level="high")
            tell('{"n":3}')
            tell('{"n":4}', level="high")
            told = server_sent_events(stream)
            assert [next(told)[1]["body"]["n"] for _ in range(2)] == [2, 4]

    def test_websocket(self, read, tell, here):
        reader = read(**{"from": "earliest"}, credit=2, filter=self.HOT, **here)
        tell('{"n":1}', '{"n":2}', level="high")
        tell('{"n":3}')
        tell('{"n":4}', level="high")
        assert numbers(reader.take(2)) == [2, 4]

    @pytest.mark.parametrize("path", ["/api/v1/events", "/api/v1/events/stream"])
    def test_what_does_not_compile_is_refused_with_its_place(self, api, path):
        refused = api.get(path, parameters={"from": "latest", "filter": "severity <= 2"})
        text = assert_classic_error(refused, 400, "ArgumentInvalid")
        assert "Line 1, column 10" in text, text
        assert "have 'string' and 'number', expected 'string' and 'string'" in text, text
        twin = api.get(path, parameters={"from": "latest", "filter": "$twin.tags.site = 's1'"})
        assert "$twin" in assert_classic_error(twin, 400, "ArgumentInvalid")
