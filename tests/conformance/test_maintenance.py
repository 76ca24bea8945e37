"""Maintenance policies (`device-management.md` §4, rows R08, R09 and R11) with an unmodified device client, and
windows by the clocks of the platform."""

import uuid
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from harness.rest import assert_classic_error
from harness.waiting import eventually

POLICIES = "/api/v1/maintenance-policies"
CONDITIONS = "properties.reported.conditions"


@pytest.fixture
def policy(api):
    """Puts policies about this test's devices alone; they are gone afterwards, since the hub is shared."""
    made = []

    def put(device_id, **members):
        name = f"policy-{uuid.uuid4().hex[:8]}"
        made.append(name)
        body = {
            "appliesTo": ["method:reboot", "method:firmwareUpdate"],
            "targetCondition": f"deviceId = '{device_id}'",
            "minRemainingSeconds": 0,
            **members,
        }
        answer = api.put(f"{POLICIES}/{name}", json=body)
        assert answer.status_code == 201, answer.text
        return name

    yield put
    for name in made:
        assert api.delete(f"{POLICIES}/{name}").status_code == 204


@pytest.fixture
def machine(python_device):
    """A connected device that answers methods."""
    one = python_device()
    one.client.connect()
    one.answer_methods(lambda payload: (200, "started"))
    return one


def invoke(api, device_id, name, **headers):
    body = {"methodName": name, "responseTimeoutInSeconds": 20, "connectTimeoutInSeconds": 10}
    return api.post(f"/twins/{device_id}/methods", json=body, headers={key.replace("_", "-"): text for key, text in headers.items()})


def explained(api, device_id, name):
    answer = api.get(f"/api/v1/devices/{device_id}/maintenance?method={name}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def start(api, device_id, method):
    name = f"job-{uuid.uuid4().hex[:12]}"
    body = {
        "type": "scheduleDeviceMethod",
        "cloudToDeviceMethod": {"methodName": method, "responseTimeoutInSeconds": 20},
        "queryCondition": f"deviceId = '{device_id}'",
        "maxExecutionTimeInSeconds": 600,
    }
    assert api.put(f"/jobs/v2/{name}", json=body).status_code == 200
    return name


def row(api, job):
    """The job's only row; empty until its devices are chosen, which is a moment after it was made."""
    rows = api.get(f"/api/v1/jobs/{job}/devices").json()["devices"]
    return rows[0] if rows else {}


def test_r08_power_holds_a_firmware_job_and_mains_releases_it(api, device, machine, policy):
    policy(device.device_id, gates=[{
        "id": "power",
        "expr": f"{CONDITIONS}.power.source = 'mains' OR {CONDITIONS}.power.batteryPercent >= 50",
        "maxAgeSeconds": 3600,
    }])  # fmt: skip
    machine.client.patch_twin_reported_properties({"conditions": {"power": {"source": "battery", "batteryPercent": 30}}})
    job = start(api, device.device_id, "firmwareUpdate")
    held = eventually(lambda: row(api, job).get("hold"), 10, "the row is held")
    assert held["gate"] == "power"
    assert "batteryPercent is 30" in held["reason"]
    assert len(machine.method_calls) == 0
    machine.client.patch_twin_reported_properties({"conditions": {"power": {"source": "mains"}}})
    eventually(lambda: row(api, job)["status"] == "completed", 2, "the job goes on within two seconds")
    assert "hold" not in row(api, job)


def test_r09_a_device_in_use_is_not_rebooted(api, device, machine, policy):
    name = policy(device.device_id, gates=[{"id": "idle", "expr": f"{CONDITIONS}.inUse = false", "maxAgeSeconds": 600}])
    machine.client.patch_twin_reported_properties({"conditions": {"inUse": True}})
    text = assert_classic_error(invoke(api, device.device_id, "reboot"), 409, "OperationNotAllowedInCurrentState")
    assert f"Held by policy {name} gate idle" in text
    assert invoke(api, device.device_id, "blink").status_code == 200
    machine.client.patch_twin_reported_properties({"conditions": {"inUse": False}})
    assert invoke(api, device.device_id, "reboot").status_code == 200


def test_r11_nobody_overrides_the_safety_interlock(api, device, machine, policy):
    policy(device.device_id, windows=[{"days": [], "start": "00:00", "durationMinutes": 1440}], blackouts=[{
        "from": "2026-01-01T00:00:00Z", "to": "2099-01-01T00:00:00Z", "reason": "a long freeze",
    }])  # fmt: skip
    why = {"X_Hub_Override": "the plant manager asked for it"}
    assert invoke(api, device.device_id, "reboot").status_code == 409
    assert invoke(api, device.device_id, "reboot", **why).status_code == 200
    machine.client.patch_twin_reported_properties({"conditions": {"safetyInterlock": True}})
    text = assert_classic_error(invoke(api, device.device_id, "reboot", **why), 409, "OperationNotAllowedInCurrentState")
    assert "safetyInterlock" in text

    def recorded():
        found = api.get(f"/api/v1/audit?action=overrideMaintenance&deviceId={device.device_id}").json()["records"]
        results = {record["result"] for record in found}
        return results == {"ok", "OperationNotAllowedInCurrentState"}

    eventually(recorded, 10, "both are in the record")
    alerts = api.get(f"/api/v1/alerts?state=open&subject={device.device_id}").json()["items"]
    found = {alert["rule"]: (alert["severity"], alert["attention"], alert["count"]) for alert in alerts}
    assert found == {"safetyBlocked": ("warning", True, 1), "overrideUsed": ("info", False, 1)}
    for alert in alerts:
        assert alert["hint"] == why["X_Hub_Override"]
        assert api.post(f"/api/v1/alerts/{alert['id']}/resolve").json()["state"] == "resolved"


@pytest.mark.parametrize("zone", ["Europe/Oslo", "America/New_York", "Asia/Seoul", "Australia/Adelaide", "Asia/Kathmandu"])
def test_windows_go_by_the_clocks_of_their_zone(api, device, policy, zone):
    now = datetime.now(timezone.utc)
    # The next day but one at half past two, by the clock on the wall there.
    day = now.astimezone(ZoneInfo(zone)).date() + timedelta(days=2)
    opens = datetime(day.year, day.month, day.day, 2, 30, tzinfo=ZoneInfo(zone))
    window = {"days": [opens.strftime("%a").lower()], "start": "02:30", "durationMinutes": 60, "timezone": zone}
    policy(device.device_id, windows=[window])
    hold = explained(api, device.device_id, "reboot")["hold"]
    assert hold["gate"] == "window"
    assert hold["nextCheck"] == opens.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_the_zone_of_the_device_counts(api, device, policy):
    policy(device.device_id, windows=[{"start": "00:00", "durationMinutes": 1440, "timezone": "device"}])
    verdict = eventually(lambda: explained(api, device.device_id, "reboot"), 10, "the policy is there")
    assert "tags.timezone" in verdict["hold"]["reason"]
    assert api.patch(f"/twins/{device.device_id}", json={"tags": {"timezone": "Asia/Seoul"}}).status_code == 200
    assert explained(api, device.device_id, "reboot")["verdict"] == "go"


def test_a_policy_that_makes_no_sense_is_refused_with_its_place(api):
    for members, part in [
        ({"windows": [{"start": "01:00", "durationMinutes": 60, "timezone": "Europe/Atlantis"}]}, "Europe/Atlantis"),
        ({"gates": [{"id": "g", "expr": "tags.a ="}]}, "gates.expr"),
        ({"colour": "red"}, "colour"),
    ]:
        answer = api.put(f"{POLICIES}/wrong", json={"appliesTo": ["*"], **members})
        assert part in assert_classic_error(answer, 400, "ArgumentInvalid")
    assert api.get(f"{POLICIES}/wrong").status_code == 404
