"""The built-in events endpoint (query-routing-events.md §5)."""

import json
import threading
import time
import uuid
from datetime import datetime, timezone

import pytest

from harness import wire as w
from harness.rest import EventReader, body_of


@pytest.fixture
def tell(wire_session, device):
    """Stores telemetry of this test's device, acknowledged."""
    wire = wire_session()
    numbers = iter(range(1, 60_000))

    def send(*bodies: str) -> None:
        for body in bodies:
            packet_id = next(numbers)
            wire.send(w.publish(f"devices/{device.device_id}/messages/events/", body.encode(), qos=1, packet_id=packet_id))
            assert wire.expect(w.PUBACK).packet_id == packet_id

    return send


@pytest.fixture
def group(api):
    """A consumer group of our own."""
    name = f"g-{uuid.uuid4().hex[:12]}"
    assert api.put(f"/api/v1/consumer-groups/{name}").status_code == 201
    yield name
    api.delete(f"/api/v1/consumer-groups/{name}")


def page(api, position, **parameters):
    answer = api.get("/api/v1/events", parameters={"from": position, **{name: str(value) for name, value in parameters.items()}})
    assert answer.status_code == 200, answer.text
    return answer.json()


def texts(events):
    return [body_of(event).decode() for event in events]


def test_info(api, tell):
    before = api.get("/api/v1/events/info").json()
    tell("one", "two")
    after = api.get("/api/v1/events/info").json()
    assert before["partitionCount"] == len(before["partitions"]) == after["partitionCount"]
    assert before["retentionTimeInDays"] >= 1
    assert [partition["id"] for partition in after["partitions"]] == list(range(after["partitionCount"]))
    last = [sum(partition["lastSequenceNumber"] for partition in info["partitions"]) for info in (before, after)]
    # The connection's own events may come on top.
    assert last[1] >= last[0] + 2
    for partition in after["partitions"]:
        assert partition["beginSequenceNumber"] <= partition["lastSequenceNumber"] + 1
        assert isinstance(partition["lastOffset"], str)


def test_event_json(api, tell, device, events):
    earliest = datetime.now(timezone.utc)
    tell("x")
    event = events.take(1)[0]
    assert event["id"] == f"{event['partition']}:{event['sequenceNumber']}"
    assert isinstance(event["offset"], str) and event["offset"]
    assert isinstance(event["sequenceNumber"], int)
    assert (event["source"], event["deviceId"]) == ("Telemetry", device.device_id)
    enqueued = datetime.fromisoformat(event["enqueuedTime"].replace("Z", "+00:00"))
    assert abs((enqueued - earliest).total_seconds()) < 30
    assert abs(event["systemProperties"]["iothub-enqueuedtime"] / 1000 - enqueued.timestamp()) < 0.01


def test_pages_join_without_gap_or_overlap(api, tell, device, events):
    tell(*(str(number) for number in range(25)))
    partition = events.take(25)[0]["partition"]
    everything = page(api, "earliest", partition=partition, deviceId=device.device_id, source="Telemetry", max=1000)
    first = everything["events"][0]["sequenceNumber"]
    seen, position = [], f"seq:{first - 1}"
    for _ in range(100):
        answer = page(api, position, partition=partition, deviceId=device.device_id, source="Telemetry", max=7)
        assert len(answer["events"]) <= 7
        seen += texts(answer["events"])
        position = f"cursor:{answer['cursor']}"
        if len(seen) == 25:
            break
    assert seen == [str(number) for number in range(25)]


def test_positions(api, tell, device, events):
    tell("a", "b", "c")
    a, b, c = events.take(3)
    here = {"partition": a["partition"], "deviceId": device.device_id, "source": "Telemetry"}
    assert texts(page(api, f"seq:{a['sequenceNumber']}", **here)["events"]) == ["b", "c"]
    assert texts(page(api, f"seq:{c['sequenceNumber']}", **here)["events"]) == []
    assert texts(page(api, f"offset:{b['offset']}", **here)["events"])[-1:] == ["c"]
    assert texts(page(api, f"time:{a['enqueuedTime']}", **here)["events"])[-3:] == ["a", "b", "c"]
    assert page(api, "latest", **here)["events"] == []
    assert [event["sequenceNumber"] for event in (a, b, c)] == sorted(event["sequenceNumber"] for event in (a, b, c))


def test_merged_pages_follow_the_enqueued_time(api, tell):
    tell("m")
    merged = page(api, "earliest", max=1000)["events"]
    times = [event["enqueuedTime"] for event in merged]
    assert times == sorted(times)
    assert len({event["id"] for event in merged}) == len(merged)


@pytest.mark.parametrize(
    "parameters",
    [{"from": "yesterday"}, {"from": "seq:x"}, {"from": "cursor:forged"}, {"max": "0"}, {"max": "1001"}, {"wait": "61"}, {"partition": "99"}],
)
def test_bad_parameters_are_named(api, parameters):
    answer = api.get("/api/v1/events", parameters={"from": "latest", **parameters})
    assert answer.status_code == 400, answer.text
    assert answer.json()["Message"].startswith("ErrorCode:")


def test_long_poll_returns_as_soon_as_something_comes(api, tell, device, events):
    pages = []
    cursor = page(api, "latest", deviceId=device.device_id)["cursor"]

    def poll():
        started = time.monotonic()
        pages.append((page(api, f"cursor:{cursor}", deviceId=device.device_id, source="Telemetry", wait=30), time.monotonic() - started))

    waiting = threading.Thread(target=poll)
    waiting.start()
    # Whether the event comes before or after the poll began, the poll must return at once with it.
    tell("wake up")
    waiting.join()
    answer, waited = pages[0]
    assert texts(answer["events"]) == ["wake up"]
    assert waited < 10, f"waited {waited:.1f} s of 30 s"


def test_empty_long_poll_lasts_its_time(api, device):
    cursor = page(api, "latest", deviceId=device.device_id)["cursor"]
    started = time.monotonic()
    answer = page(api, f"cursor:{cursor}", deviceId=device.device_id, wait=2)
    assert answer["events"] == [] and answer["gap"] is False
    assert 1.5 < time.monotonic() - started < 6


class TestConsumerGroups:
    def test_life_of_a_group(self, api):
        name = f"life-{uuid.uuid4().hex[:8]}"
        assert api.put(f"/api/v1/consumer-groups/{name}").status_code == 201
        assert api.put(f"/api/v1/consumer-groups/{name}").status_code == 200
        assert name in api.get("/api/v1/consumer-groups").text
        assert "$Default" in api.get("/api/v1/consumer-groups").text
        assert api.delete(f"/api/v1/consumer-groups/{name}").status_code == 204
        assert name not in api.get("/api/v1/consumer-groups").text

    def test_default_stays(self, api):
        assert api.delete("/api/v1/consumer-groups/$Default").status_code == 400

    @pytest.mark.parametrize("name", ["a b", "x" * 51, "a%2Fb", "한글"])
    def test_names(self, api, name):
        assert api.put(f"/api/v1/consumer-groups/{name}").status_code == 400

    def test_twenty_are_the_most(self, api):
        made = []
        try:
            for number in range(21):
                answer = api.put(f"/api/v1/consumer-groups/many-{number}")
                if answer.status_code != 201:
                    break
                made.append(number)
            assert answer.status_code == 403
            assert answer.headers["iothub-errorcode"] == "IotHubQuotaExceeded"
            assert len(made) <= 20
        finally:
            for number in made:
                assert api.delete(f"/api/v1/consumer-groups/many-{number}").status_code == 204

    def test_checkpoint_is_where_the_group_goes_on(self, api, tell, group, device, events):
        start = page(api, "latest", group=group)["cursor"]
        assert api.post("/api/v1/events/checkpoint", json={"group": group, "cursor": start}).status_code == 204
        tell("one", "two", "three")
        events.take(3)
        here = {"group": group, "deviceId": device.device_id, "source": "Telemetry"}
        first = page(api, "checkpoint", **here)
        assert texts(first["events"]) == ["one", "two", "three"]
        again = page(api, "checkpoint", **here)
        assert texts(again["events"]) == ["one", "two", "three"], "reading alone moves nothing"
        assert api.post("/api/v1/events/checkpoint", json={"group": group, "cursor": first["cursor"]}).status_code == 204
        assert page(api, "checkpoint", **here)["events"] == []
        backwards = api.post("/api/v1/events/checkpoint", json={"group": group, "cursor": start})
        assert backwards.status_code == 409
        forced = api.post("/api/v1/events/checkpoint", json={"group": group, "cursor": start, "force": True})
        assert forced.status_code == 204
        assert texts(page(api, "checkpoint", **here)["events"]) == ["one", "two", "three"]


class TestServerSentEvents:
    @staticmethod
    def open(api, last_event_id=None, **parameters):
        headers = {"Accept": "text/event-stream"}
        if last_event_id is not None:
            headers["Last-Event-ID"] = last_event_id
        answer = api.get("/api/v1/events/stream", parameters=parameters, headers=headers, stream=True)
        assert answer.status_code == 200, answer.text
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        return answer

    @staticmethod
    def read(answer, count):
        """The next `count` events of the stream."""
        messages, fields = [], {}
        # Byte by byte: a larger chunk would wait for the stream to fill it.
        for line in answer.iter_lines(chunk_size=1):
            if line:
                name, _, value = line.decode().partition(":")
                fields[name] = value.removeprefix(" ")
            elif "data" in fields:
                messages.append(fields)
                fields = {}
                if len(messages) == count:
                    return messages
            else:
                fields = {}
        raise AssertionError(f"the stream ended after {messages}")

    def test_stream_and_resume(self, api, tell, device):
        filters = {"deviceId": device.device_id, "source": "Telemetry"}
        with self.open(api, **{"from": "latest"}, **filters) as stream:
            tell("one", "two")
            messages = self.read(stream, 2)
        assert [message["event"] for message in messages] == ["Telemetry", "Telemetry"]
        assert texts(json.loads(message["data"]) for message in messages) == ["one", "two"]
        tell("three")
        with self.open(api, last_event_id=messages[0]["id"], **filters) as stream:
            resumed = self.read(stream, 2)
        assert texts(json.loads(message["data"]) for message in resumed) == ["two", "three"]


def test_filter_by_device_and_source_skips_others(api, tell, device, hub_event_routes):
    reader = EventReader(api, deviceId=device.device_id, source="twinChangeEvents")
    tell("telemetry")
    api.patch_desired(device.device_id, {"a": 1})
    assert [event["source"] for event in reader.take(1)] == ["twinChangeEvents"]


def test_hub_made_events_need_a_route(api, tell, device):
    reader = EventReader(api, deviceId=device.device_id)
    api.patch_desired(device.device_id, {"a": 1})
    tell("marker")
    assert texts(reader.take(1)) == ["marker"]
    made = api.put("/api/v1/routes/one", json={"source": "TwinChangeEvents", "condition": "true", "endpointNames": ["events"]})
    assert made.status_code == 201, made.text
    try:
        api.patch_desired(device.device_id, {"a": 2})
        assert [event["source"] for event in reader.take(1)] == ["twinChangeEvents"]
    finally:
        assert api.delete("/api/v1/routes/one").status_code == 204
