"""Device-management patterns and their progress (device-management.md §3, §10): the repository's simulated devices and
unmodified Python SDK devices on one side, plain REST on the other."""

import json
import time
import uuid
from typing import Iterator

import pytest

from harness import wire as w
from harness.rest import EventReader, assert_classic_error
from harness.server_sent_events import server_sent_events
from harness.simulator import Simulator
from harness.tokens import DeviceCredentials
from harness.waiting import eventually

PHASES = {"waiting", "downloading", "applying", "rebooting", "succeeded", "failed", "stalled", "unknown", "notStarted"}
UPDATE = "properties.reported.iothubDM.firmwareUpdate.status"
PACKAGE = "https://files.example.com/pump-2.8.5.bin"
REPORT = "$iothub/twin/PATCH/properties/reported/?$rid="


@pytest.fixture
def simulator(hub, api, tmp_path):
    """Makes simulated devices with a prefix of their own."""
    made: list[Simulator] = []

    def make(devices: int = 1) -> Simulator:
        made.append(Simulator(hub, api, tmp_path, f"sim-{uuid.uuid4().hex[:8]}", devices))
        return made[-1]

    yield make
    for one in made:
        one.remove()


def progress(api, pattern: str, where: str | None = None, group_by: str | None = None) -> dict:
    parameters = {"pattern": pattern}
    if where:
        parameters["where"] = where
    if group_by:
        parameters["groupBy"] = group_by
    answer = api.get("/api/v1/progress", parameters=parameters)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert set(found) == {"total", "phases", "groups", "oldestInProgress", "stalled", "asOf"}
    assert set(found["phases"]) == PHASES
    assert sum(found["phases"].values()) == found["total"], found
    return found


def phases_of(api, pattern: str, where: str) -> dict[str, int]:
    """The phases that somebody is in."""
    return {phase: count for phase, count in progress(api, pattern, where)["phases"].items() if count}


def query(api, text: str) -> list[dict]:
    answer = api.post("/devices/query", json={"query": text})
    assert answer.status_code == 200, answer.text
    return answer.json()


def reported(api, device_id: str) -> dict:
    properties = api.twin(device_id)["properties"]["reported"]
    return {name: value for name, value in properties.items() if not name.startswith("$")}


class Story:
    """What happened to a device, in order: connections, and the statuses that it reported at a place."""

    def __init__(self, api, device_id: str, *place: str):
        self._reader = EventReader(api, deviceId=device_id)
        self._place = place
        self.lines: list[str] = []
        self.reports: list[dict] = []

    def read(self) -> list[str]:
        for event in self._reader.drain():
            if event["source"] == "deviceConnectionStateEvents":
                self.lines.append(event["applicationProperties"]["opType"])
            elif event["source"] == "twinChangeEvents":
                part = event["body"].get("properties", {}).get("reported", {})
                for name in self._place[:-1]:
                    part = part.get(name) or {}
                if self._place[-1] in part:
                    self.reports.append(part)
                    self.lines.append(part[self._place[-1]])
        return self.lines

    def until(self, last: str, seconds: float = 30) -> list[str]:
        """The whole story once it has come to a status."""
        eventually(lambda: last in self.read(), seconds, f"{last} is told, not only {self.lines}")
        return self.lines


def called(api, device_id: str, method: str, payload) -> tuple[int, object]:
    answer = api.call_method(device_id, method, payload, response=30)
    assert answer.status_code == 200, answer.text
    return answer.json()["status"], answer.json()["payload"]


def test_built_in_patterns_are_listed_and_cannot_be_deleted(api):
    listed = api.get("/api/v1/patterns").json()["items"]
    built_in = {"reboot", "factoryReset", "configuration", "firmwareUpdate", "firmware"}
    assert built_in <= {pattern["id"] for pattern in listed if pattern["builtIn"]}
    for name in built_in:
        refused = assert_classic_error(api.delete(f"/api/v1/patterns/{name}"), 400, "ArgumentInvalid")
        assert "cannot be deleted" in refused


def test_r06_a_team_defined_pattern_runs_as_a_job_and_its_progress_shows(api, device, python_device):
    name = f"calibrate-{uuid.uuid4().hex[:8]}"
    pattern = {
        "id": name,
        "trigger": {"method": "calibrate"},
        "statusPath": "calibration.state",
        "disruptive": False,
        "timeoutSeconds": 600,
        "phases": {"applying": ["measuring"], "succeeded": ["calibrated"], "failed": ["out of range"]},
    }
    me = f"deviceId = '{device.device_id}'"
    made = api.put(f"/api/v1/patterns/{name}", json=pattern)
    assert made.status_code == 201, made.text
    etag = made.headers["ETag"]
    try:
        read = api.get(f"/api/v1/patterns/{name}")
        assert (read.headers["ETag"], read.json()["phases"]) == (etag, pattern["phases"])
        assert phases_of(api, name, me) == {"notStarted": 1}

        client = python_device()
        client.answer_methods(lambda request: (200, "Calibration started"))
        job = f"job-{uuid.uuid4().hex[:12]}"
        body = {"type": "scheduleDeviceMethod", "cloudToDeviceMethod": {"methodName": "calibrate"}, "queryCondition": me}
        assert api.put(f"/jobs/v2/{job}", json=body).status_code == 200
        eventually(lambda: client.method_calls, 30, "the job calls the device")
        assert client.method_calls[0].name == "calibrate"

        for status, phase in (("Measuring", "applying"), ("Warming up", "unknown"), ("calibrated", "succeeded")):
            client.client.patch_twin_reported_properties({"calibration": {"state": status}})
            assert phases_of(api, name, me) == {phase: 1}, status
        assert_classic_error(
            api.put(f"/api/v1/patterns/{name}", json=pattern, headers={"If-Match": '"stale"'}), 412, "PreconditionFailed"
        )
    finally:
        assert api.delete(f"/api/v1/patterns/{name}", headers={"If-Match": etag}).status_code == 204
    assert_classic_error(api.get(f"/api/v1/progress?pattern={name}"), 404, "GenericNotFound")


def test_r28_reboot(api, simulator, hub_event_routes):
    fleet = simulator()
    fleet.start("--step-time", "500ms")
    [pump] = fleet.names
    story = Story(api, pump, "iothubDM", "reboot", "status")
    asked = time.monotonic()
    assert called(api, pump, "reboot", None) == (200, "Reboot started")
    assert time.monotonic() - asked < 5, "at once"
    assert story.until("succeeded") == ["rebooting", "deviceDisconnected", "deviceConnected", "succeeded"]
    started, ended = story.reports[0]["startedRebootTime"], story.reports[1]["lastReboot"]
    assert started < ended
    me = f"deviceId = '{pump}'"
    assert phases_of(api, "reboot", me) == {"succeeded": 1}
    open_reboots = f"SELECT deviceId FROM devices WHERE properties.reported.iothubDM.reboot.status != 'succeeded' AND {me}"
    assert query(api, open_reboots) == []


def test_r28_reboot_of_a_sample_that_reports_no_status(api, device, python_device):
    """As the SDK's older sample: it answers, reports `lastReboot`, and nothing else."""
    me = f"deviceId = '{device.device_id}'"
    client = python_device()

    def reboots(request):
        client.client.patch_twin_reported_properties({"iothubDM": {"reboot": {"lastReboot": "2026-03-01T01:01:10Z"}}})
        return 200, "Reboot started"

    client.client.patch_twin_reported_properties({"unrelated": True})
    assert phases_of(api, "reboot", me) == {"notStarted": 1}
    client.answer_methods(reboots)
    assert called(api, device.device_id, "reboot", None) == (200, "Reboot started")
    eventually(lambda: phases_of(api, "reboot", me) == {"succeeded": 1}, 10, "it counts as rebooted")


def test_r28_reboot_of_a_sample_that_only_comes_back(api, device, python_device):
    """As the newer sample: it reports when it begins, goes down, and is there again."""
    me = f"deviceId = '{device.device_id}'"
    client = python_device()
    client.client.patch_twin_reported_properties({"iothubDM": {"reboot": {"startedRebootTime": "2026-03-01T01:00:04Z"}}})
    assert phases_of(api, "reboot", me) == {"rebooting": 1}
    client.client.disconnect()
    api.wait_for_state(device.device_id, "Disconnected")
    assert phases_of(api, "reboot", me) == {"rebooting": 1}
    client.client.connect()
    api.wait_for_state(device.device_id, "Connected")
    assert phases_of(api, "reboot", me) == {"succeeded": 1}


def test_r29_factory_reset_needs_its_confirmation(api, simulator, hub_event_routes):
    fleet = simulator()
    fleet.start("--step-time", "500ms")
    [pump] = fleet.names
    before = reported(api, pump)
    story = Story(api, pump, "iothubDM", "factoryReset", "status")
    for payload in ({"confirm": "pump-8", "keepNetwork": True}, {"keepNetwork": True}, None):
        status, text = called(api, pump, "factoryReset", payload)
        assert status == 400 and "nothing was erased" in text, (payload, text)
    assert reported(api, pump) == before
    me = f"deviceId = '{pump}'"
    assert phases_of(api, "factoryReset", me) == {"notStarted": 1}

    assert called(api, pump, "factoryReset", {"confirm": pump, "keepNetwork": True}) == (200, "Factory reset started")
    assert story.until("succeeded") == ["resetting", "deviceDisconnected", "deviceConnected", "succeeded"]
    after = reported(api, pump)
    assert set(after) == {"iothubDM"} and set(after["iothubDM"]) == {"factoryReset"}, after
    reset = after["iothubDM"]["factoryReset"]
    assert (reset["status"], "lastFactoryReset" in reset) == ("succeeded", True)
    assert phases_of(api, "factoryReset", me) == {"succeeded": 1}


def test_r30_a_device_applies_the_newest_configuration_when_it_returns(api, simulator, hub_event_routes):
    fleet = simulator(2)
    fleet.start()
    pump, other = fleet.names
    ours = f"STARTSWITH(deviceId, '{fleet.prefix}-')"
    fleet.stop()
    story = Story(api, pump, "telemetryConfig", "status")
    for config, interval in (("c-8", 30), ("c-9", 60)):
        for name in fleet.names:
            api.patch_desired(name, {"telemetryConfig": {"configId": config, "interval": interval}})
    api.patch_desired(other, {"telemetryConfig": {"interval": "often"}})
    waiting = progress(api, "configuration", ours)
    assert (waiting["total"], waiting["phases"]["waiting"]) == (2, 2)
    assert waiting["oldestInProgress"]["phase"] == "waiting"

    fleet.start()
    story.until("Success")
    assert [line for line in story.lines if not line.startswith("device")] == ["Pending", "Success"], "the newest only"
    pending = story.reports[0]
    assert (pending["configId"], pending["pendingConfig"]) == ("c-9", {"configId": "c-9", "interval": 60})
    eventually(lambda: phases_of(api, "configuration", ours) == {"succeeded": 1, "failed": 1}, 30, "both have answered")
    assert reported(api, pump)["telemetryConfig"] == {"configId": "c-9", "interval": 60, "status": "Success"}
    assert reported(api, other)["telemetryConfig"]["error"]["code"] == 400
    status = "properties.reported.telemetryConfig.status"
    text = f"SELECT {status} AS status, COUNT() AS n FROM devices WHERE properties.desired.telemetryConfig.configId = 'c-9' AND {ours} GROUP BY {status}"
    assert query(api, text) == [{"status": "Error", "n": 1}, {"status": "Success", "n": 1}]


def test_r31_firmware_update_in_its_steps(api, simulator, hub_event_routes):
    fleet = simulator(2)
    fleet.start("--step-time", "1s")
    good, bad = fleet.names
    stories = {name: Story(api, name, "iothubDM", "firmwareUpdate", "status") for name in fleet.names}
    status, text = called(api, good, "firmwareUpdate", {"fwPackageUri": "http://files.example.com/fw.bin"})
    assert status == 400 and text.startswith("Invalid URL format."), text
    asked = time.monotonic()
    for name, check in ((good, "9f86d081"), (bad, "bad")):
        payload = {"fwPackageUri": PACKAGE, "version": "2.8.5", "sha256": check}
        assert called(api, name, "firmwareUpdate", payload) == (200, "Firmware update started.")
        assert called(api, name, "firmwareUpdate", payload)[0] == 409, "one is under way"
    assert time.monotonic() - asked < 10, "before any work"

    assert stories[good].until("succeeded", 60) == [
        "waiting", "downloading", "downloadComplete", "applying", "applyComplete", "rebooting",
        "deviceDisconnected", "deviceConnected", "succeeded",
    ]  # fmt: skip
    reports = {report["status"]: report for report in stories[good].reports}
    assert (reports["waiting"]["fwPackageUri"], "startedWaitingTime" in reports["waiting"]) == (PACKAGE, True)
    assert "startedDownloadingTime" in reports["downloading"] and "downloadCompleteTime" in reports["downloadComplete"]
    assert "startedApplyingImage" in reports["applying"] and "lastFirmwareUpdate" in reports["applyComplete"]
    assert reports["succeeded"]["currentFwVersion"] == "2.8.5"

    assert stories[bad].until("downloadFailed", 60) == ["waiting", "downloading", "downloadFailed"]
    error = stories[bad].reports[-1]["error"]
    assert set(error) == {"code", "message"}
    assert reported(api, bad)["firmware"]["currentFwVersion"] != "2.8.5"
    ours = f"STARTSWITH(deviceId, '{fleet.prefix}-')"
    assert phases_of(api, "firmwareUpdate", ours) == {"succeeded": 1, "failed": 1}


def test_r31_an_update_that_does_not_start_is_rolled_back_by_configuration(api, simulator, hub_event_routes):
    """§3.6: the fleet form, with a check value that does not fit."""
    fleet = simulator(2)
    fleet.start("--step-time", "500ms")
    good, bad = fleet.names
    ours = f"STARTSWITH(deviceId, '{fleet.prefix}-')"
    stories = {name: Story(api, name, "firmware", "fwUpdateStatus") for name in fleet.names}
    assert phases_of(api, "firmware", ours) == {"succeeded": 2}, "they run what nobody asked to replace"
    for name, check in ((good, "9f86d081"), (bad, "bad")):
        firmware = {"fwVersion": "3.0.0", "fwPackageURI": PACKAGE, "fwPackageCheckValue": check}
        api.patch_desired(name, {"firmware": firmware})
    assert [line for line in stories[good].until("current", 60) if not line.startswith("device")] == [
        "downloading", "verifying", "applying", "rebooting", "current",
    ]  # fmt: skip
    assert stories[bad].until("rolledback", 60) == ["downloading", "verifying", "error", "rolledback"]
    assert phases_of(api, "firmware", ours) == {"succeeded": 1, "failed": 1}


# Statuses of firmware updates, the phase that each stands for, and how many of a hundred devices report it.
MIX = [
    ("waiting", "waiting", 7), ("downloading", "downloading", 9), ("downloadComplete", "downloading", 6),
    ("applying", "applying", 11), ("rebooting", "rebooting", 5), ("succeeded", "succeeded", 31),
    ("downloadFailed", "failed", 8), ("apply image failed", "failed", 4), ("whistling", "unknown", 6),
    (None, "notStarted", 13),
]  # fmt: skip
IN_PROGRESS = {"waiting", "downloading", "applying", "rebooting"}


@pytest.fixture
def hundred(hub, api):
    """A hundred devices of three sites, each in one of the mixed phases; gives their group and phases by id."""
    group = uuid.uuid4().hex[:8]
    statuses = [(status, phase) for status, phase, count in MIX for _ in range(count)]
    names = [f"mixed-{group}-{number:03}" for number in range(len(statuses))]
    items = [
        {"id": name, "importMode": "create", "status": "enabled", "tags": {"group": group, "site": ("oslo", "bergen", "tromso")[at % 3]}}
        for at, name in enumerate(names)
    ]
    assert api.post("/devices", json=items).status_code == 200
    for name, (status, _) in zip(names, statuses):
        if status:
            report_status(hub, api, name, status)
    yield group, dict(zip(names, (phase for _, phase in statuses)))
    api.post("/devices", json=[{"id": name, "importMode": "delete"} for name in names])


def report_status(hub, api, name: str, status: str) -> None:
    """A device connects, reports, and leaves."""
    keys = api.device(name)["authentication"]["symmetricKey"]
    device = DeviceCredentials(api.host_name, name, keys["primaryKey"], keys["secondaryKey"])
    with w.Wire(("127.0.0.1", hub.port)) as session:
        session.open_session(w.connect(device.client_id, device.user_name, device.token()))
        assert session.grant(("$iothub/twin/res/#", 0)) == [0]
        patch = {"iothubDM": {"firmwareUpdate": {"status": status}}}
        session.send(w.publish(REPORT + "1", json.dumps(patch).encode()))
        assert session.expect(w.PUBLISH).topic.startswith("$iothub/twin/res/204/")
        session.disconnect()


def by_phase(groups: list[dict]) -> dict[str, int]:
    """A group-by query over statuses as counts of phases."""
    known = {status: phase for status, phase, _ in MIX}
    counts: dict[str, int] = {}
    for group in groups:
        phase = known[group.get("status")]
        counts[phase] = counts.get(phase, 0) + group["n"]
    return counts


def test_r32_progress_and_a_query_agree_over_a_hundred_devices(api, hundred):
    group, phases = hundred
    ours = f"tags.group = '{group}'"
    text = f"SELECT {UPDATE} AS status, COUNT() AS n FROM devices WHERE {{}} GROUP BY {UPDATE}"
    found = progress(api, "firmwareUpdate", ours, "tags.site")
    assert found["total"] == 100
    assert {phase: count for phase, count in found["phases"].items() if count} == by_phase(query(api, text.format(ours)))
    assert [site["key"] for site in found["groups"]] == ["bergen", "oslo", "tromso"]
    for site in found["groups"]:
        there = f"{ours} AND tags.site = '{site['key']}'"
        counted = by_phase(query(api, text.format(there)))
        assert {phase: count for phase, count in site["phases"].items() if count} == counted, site
        assert site["total"] == sum(counted.values())
    first = min(name for name, phase in phases.items() if phase in IN_PROGRESS)
    assert (found["oldestInProgress"]["deviceId"], found["stalled"]) == (first, [])


def test_r32_stalled_devices_are_listed(api, hundred):
    group, phases = hundred
    ours = f"tags.group = '{group}'"
    name = f"impatient-{group}"
    pattern = {**api.get("/api/v1/patterns/firmwareUpdate").json(), "id": name, "timeoutSeconds": 1}
    assert api.put(f"/api/v1/patterns/{name}", json=pattern).status_code == 201
    try:
        expected = {device: phase for device, phase in phases.items() if phase in IN_PROGRESS}

        def all_stalled() -> dict | None:
            found = progress(api, name, ours)
            return found if found["phases"]["stalled"] == len(expected) else None

        found = eventually(all_stalled, 10, "all that are in progress stall")
        assert {one["deviceId"]: one["phase"] for one in found["stalled"]} == expected
        assert [one["deviceId"] for one in found["stalled"]] == sorted(expected)
        assert all(found["phases"][phase] == 0 for phase in IN_PROGRESS)
        others = {"succeeded": 31, "failed": 12, "unknown": 6, "notStarted": 13}
        assert {phase: found["phases"][phase] for phase in others} == others
    finally:
        api.delete(f"/api/v1/patterns/{name}")


def progress_events(stream) -> Iterator[dict]:
    for name, data in server_sent_events(stream):
        assert name == "progress"
        yield data


def test_progress_is_streamed_as_it_changes(api, device, python_device):
    client = python_device()
    me = f"deviceId = '{device.device_id}'"
    parameters = {"pattern": "firmwareUpdate", "where": me}
    with api.get("/api/v1/progress/stream", parameters=parameters, stream=True) as stream:
        assert stream.status_code == 200, stream.text
        assert stream.headers["Content-Type"].startswith("text/event-stream")
        events = progress_events(stream)
        first = next(events)
        assert (first["total"], first["phases"]["notStarted"]) == (1, 1)
        for status, phase in (("downloading", "downloading"), ("succeeded", "succeeded")):
            client.client.patch_twin_reported_properties({"iothubDM": {"firmwareUpdate": {"status": status}}})
            found = next(events)
            assert (found["total"], found["phases"][phase]) == (1, 1), status
            assert (found["oldestInProgress"] is None) == (phase == "succeeded")
    refused = api.get("/api/v1/progress/stream?pattern=nothing")
    assert_classic_error(refused, 404, "GenericNotFound")


def test_r22_the_fleet_report_equals_direct_queries(api, hundred, device, python_device):
    group, _ = hundred
    python_device()
    job = f"job-{uuid.uuid4().hex[:12]}"
    body = {"type": "scheduleUpdateTwin", "queryCondition": f"tags.group = '{group}'", "updateTwin": {"etag": "*", "tags": {"ring": "b"}}}
    assert api.put(f"/jobs/v2/{job}", json=body).status_code == 200
    eventually(lambda: api.get(f"/jobs/v2/{job}").json()["status"] == "completed", 60, "the job ends")

    def count(condition: str) -> int:
        return query(api, f"SELECT COUNT() AS n FROM devices WHERE {condition}")[0]["n"]

    def directly() -> dict:
        return {
            "total": query(api, "SELECT COUNT() AS n FROM devices")[0]["n"],
            "connected": count("connectionState = 'Connected'"),
            "disabled": count("status = 'disabled'"),
            "edge": count("capabilities.iotEdge = true"),
        }

    # Sessions of other tests may still be ending.
    def calm() -> dict | None:
        before, answer = directly(), api.get("/api/v1/reports/fleet")
        assert answer.status_code == 200, answer.text
        return answer.json() if before == answer.json()["devices"] == directly() else None

    report = eventually(calm, 30, "the report says what direct queries say")
    assert report["jobs"]["completed"] >= 1
    assert sum(report["jobs"].values()) >= 1
    patterns = {pattern["id"]: pattern for pattern in report["patterns"]}
    for name, pattern in patterns.items():
        found = progress(api, name)
        assert (pattern["total"], pattern["phases"]) == (found["total"], found["phases"]), name
    statuses = query(api, f"SELECT {UPDATE} AS status, COUNT() AS n FROM devices WHERE {UPDATE} = 'succeeded' GROUP BY {UPDATE}")
    assert patterns["firmwareUpdate"]["phases"]["succeeded"] == sum(group["n"] for group in statuses)
