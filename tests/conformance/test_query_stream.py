"""A query's result as server-sent events (POST /api/v1/query/stream): an unmodified SDK device on one side, plain REST
on the other."""

import time
import uuid
from typing import Iterator

import pytest

from harness.rest import EventReader, assert_classic_error
from harness.server_sent_events import server_sent_events

PATH = "/api/v1/query/stream"
# A change is shown within this time after it was acknowledged.
SECONDS = 1.0


@pytest.fixture
def watch(api):
    """Opens a stream; with its response, the events that it has told until `current`, and those behind them."""
    opened = []

    def begin(text: str) -> tuple[list[tuple[str, dict]], Iterator[tuple[str, dict]]]:
        stream = api.post(PATH, json={"query": text}, stream=True)
        opened.append(stream)
        assert stream.status_code == 200, stream.text
        assert stream.headers["Content-Type"].startswith("text/event-stream")
        events = server_sent_events(stream)
        first = [next(events)]
        while first[-1][0] != "current":
            first.append(next(events))
        return first, events

    yield begin
    for stream in opened:
        stream.close()


def temperature(device_id: str, above: int) -> str:
    return (
        "SELECT deviceId, properties.reported.temperature AS t FROM devices "
        f"WHERE deviceId = '{device_id}' AND properties.reported.temperature > {above}"
    )


def test_r23_a_reported_change_is_shown_within_a_second(api, device, python_device, watch, hub_event_routes):
    client = python_device()
    routed = EventReader(api, deviceId=device.device_id, source="twinChangeEvents")
    client.client.patch_twin_reported_properties({"temperature": 20})
    first, events = watch(temperature(device.device_id, 70))
    assert [name for name, _ in first] == ["current"]
    assert first[0][1]["count"] == 0 and first[0][1]["asOf"]
    for value, wanted in ((71, "entered"), (72, "changed"), (20, "left"), (90, "entered")):
        client.client.patch_twin_reported_properties({"temperature": value})
        acknowledged = time.monotonic()
        name, data = next(events)
        waited = time.monotonic() - acknowledged
        assert name == wanted, (value, data)
        assert waited < SECONDS, f"{waited:.3f} s after the hub had acknowledged {value}"
        assert data["deviceId"] == device.device_id
        assert "moduleId" not in data
        assert data.get("row") == (None if wanted == "left" else {"deviceId": device.device_id, "t": value})
    # What is routed tells of every write, with what was written.
    changes: list[dict] = []
    while len(changes) < 5:
        page = routed.next_events(wait=10)
        assert page, changes
        changes += page
    assert [change["source"] for change in changes] == ["twinChangeEvents"] * 5
    assert [change["body"]["properties"]["reported"]["temperature"] for change in changes] == [20, 71, 72, 20, 90]


def test_r23_rows_that_are_there_come_first_and_a_deleted_device_leaves(api, watch):
    mark = uuid.uuid4().hex
    names = [f"stream-{mark}-{number}" for number in range(3)]
    for name in names:
        api.create_device(name)
        assert api.patch(f"/twins/{name}", json={"tags": {"mark": mark}}).status_code == 200
    try:
        first, events = watch(f"SELECT * FROM devices WHERE tags.mark = '{mark}'")
        assert [name for name, _ in first] == ["entered"] * 3 + ["current"]
        assert first[-1][1]["count"] == 3
        rows = {data["deviceId"]: data["row"] for _, data in first[:-1]}
        assert sorted(rows) == names
        for name in names:
            assert rows[name] == api.twin(name), "a row is what the query shows"
        api.delete_device(names[1])
        assert next(events) == ("left", {"deviceId": names[1]})
        assert api.patch(f"/twins/{names[0]}", json={"tags": {"mark": "another"}}).status_code == 200
        assert next(events) == ("left", {"deviceId": names[0]})
        api.patch_desired(names[2], {"interval": 5})
        name, data = next(events)
        assert (name, data["row"]) == ("changed", api.twin(names[2]))
    finally:
        for name in names:
            api.delete(f"/devices/{name}", headers={"If-Match": "*"})


def test_r24_a_device_enters_a_group_with_a_severity_within_a_second_and_says_since_when(api, device, python_device, watch):
    path = f"/api/v1/groups/hot-{uuid.uuid4().hex[:8]}"
    condition = f"deviceId = '{device.device_id}' AND properties.reported['battery-level'] < 20"
    refused = api.put(path, json={"condition": condition, "severity": "fatal"})
    assert "error, warning or info" in assert_classic_error(refused, 400, "ArgumentInvalid")
    body = {"condition": condition, "severity": "error", "description": "Charge it"}
    made = api.put(path, json=body)
    assert made.status_code == 201, made.text
    try:
        group = api.get(path).json()
        assert {name: group[name] for name in body} == body
        assert group["count"] == 0
        assert [item["severity"] for item in api.get("/api/v1/groups").json()["items"] if item["id"] == group["id"]] == ["error"]
        client = python_device()
        client.client.patch_twin_reported_properties({"battery-level": 80})
        first, events = watch(group["watch"])
        assert [name for name, _ in first] == ["current"]
        client.client.patch_twin_reported_properties({"battery-level": 12})
        acknowledged = time.monotonic()
        name, data = next(events)
        waited = time.monotonic() - acknowledged
        assert (name, data["deviceId"]) == ("entered", device.device_id)
        assert waited < SECONDS, f"{waited:.3f} s after the hub had acknowledged it"
        metadata = api.twin(device.device_id)["properties"]["reported"]["$metadata"]
        assert data["row"] == {"deviceId": device.device_id, "since1": metadata["battery-level"]["$lastUpdated"]}
        assert api.get(path).json()["count"] == 1
        client.client.patch_twin_reported_properties({"battery-level": 90})
        assert next(events) == ("left", {"deviceId": device.device_id})
    finally:
        assert api.delete(path).status_code == 204


def test_modules_are_watched_with_their_names(api, device, watch):
    first, events = watch(f"SELECT moduleId FROM devices.modules WHERE deviceId = '{device.device_id}'")
    assert [name for name, _ in first] == ["current"]
    api.create_module(device.device_id, "camera")
    who = {"deviceId": device.device_id, "moduleId": "camera"}
    assert next(events) == ("entered", {**who, "row": {"moduleId": "camera"}})
    assert api.delete(f"/devices/{device.device_id}/modules/camera", headers={"If-Match": "*"}).status_code == 204
    assert next(events) == ("left", who)


@pytest.mark.parametrize(
    "text, advice",
    [
        ("SELECT COUNT() AS n FROM devices", "add them up at the client"),
        ("SELECT tags.site, COUNT() AS n FROM devices GROUP BY tags.site", "add them up at the client"),
        ("SELECT * FROM devices ORDER BY deviceId", "sort them at the client"),
        ("SELECT TOP 3 * FROM devices", "leave out TOP"),
        ("SELECT * FROM devices.jobs", "cannot be watched"),
    ],
)
def test_what_cannot_be_watched_is_refused_with_advice(api, text, advice):
    refused = api.post(PATH, json={"query": text})
    assert advice in assert_classic_error(refused, 400, "ArgumentInvalid")


def test_a_body_without_a_query_is_refused_like_a_query(api):
    refused, query = (api.post(path, json={"text": "x"}) for path in (PATH, "/devices/query"))
    assert (refused.status_code, query.status_code) == (400, 400)
