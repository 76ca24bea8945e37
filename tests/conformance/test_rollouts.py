"""Rollouts to many simulated devices (`device-management.md` §4.6, row R20): a configuration that all of them get,
and bad firmware that stops where it began."""

import uuid

import pytest

from harness.simulator import Simulator
from harness.waiting import eventually

DEVICES = 50
PACKAGE = "https://files.example.com/chiller-2.9.bin"
ENDED = {"completed", "failed", "cancelled"}
STATUS = "properties.reported.iothubDM.firmwareUpdate.status"


@pytest.fixture
def chillers(hub, api, tmp_path):
    fleet = Simulator(hub, api, tmp_path, f"chiller-{uuid.uuid4().hex[:8]}", DEVICES)
    fleet.start("--step-time", "300ms")
    yield fleet
    fleet.remove()


def count(api, where: str) -> int:
    answer = api.post("/devices/query", json={"query": f"SELECT COUNT() AS n FROM devices WHERE {where}"})
    assert answer.status_code == 200, answer.text
    return answer.json()[0]["n"]


def roll_out(api, where: str, version: str, check: str) -> str:
    name = f"firmware-{uuid.uuid4().hex[:8]}"
    body = {
        "type": "scheduleDeviceMethod",
        "cloudToDeviceMethod": {
            "methodName": "firmwareUpdate",
            "payload": {"fwPackageUri": PACKAGE, "version": version, "sha256": check},
            "responseTimeoutInSeconds": 30,
        },
        "queryCondition": where,
        "maxExecutionTimeInSeconds": 600,
        "rollout": {
            "waves": [{"percent": 30}, {"percent": 100}],
            "waveSuccessPercent": 90,
            "abort": {"failedPercent": 20, "minDevices": 3},
            "pauseBetweenWaves": "PT0S",
        },
    }
    answer = api.put(f"/jobs/v2/{name}", json=body)
    assert answer.status_code == 200, answer.text
    return name


def ended(api, name: str, seconds: float) -> dict:
    def over() -> dict | None:
        found = api.get(f"/jobs/v2/{name}").json()
        return found if found["status"] in ENDED else None

    return eventually(over, seconds, f"{name} ends")


def test_r20_configuration_and_firmware_of_fifty_chillers(api, chillers):
    ours = f"STARTSWITH(deviceId, '{chillers.prefix}-')"
    # Given a configuration with a package and its check value, when its condition matches, then all have it.
    name = f"firmware-{uuid.uuid4().hex[:8]}"
    firmware = {"fwVersion": "2.8", "fwPackageURI": PACKAGE, "fwPackageCheckValue": "9f86d081"}
    body = {
        "id": name,
        "content": {"deviceContent": {"properties.desired.firmware": firmware}},
        "targetCondition": ours,
        "priority": 5,
    }
    assert api.put(f"/configurations/{name}", json=body).status_code == 200
    try:
        eventually(lambda: count(api, f"{ours} AND configurations.[[{name}]].status = 'Applied'") == DEVICES, 30, "all are targets")
        current = f"{ours} AND properties.reported.firmware.currentFwVersion = '2.8' AND properties.reported.firmware.fwUpdateStatus = 'current'"
        eventually(lambda: count(api, current) == DEVICES, 120, "all run the version that is desired")
    finally:
        assert api.delete(f"/configurations/{name}").status_code == 204

    # When a version with a bad check value is rolled out, then it stops at the first wave, and nobody else hears of it.
    job = ended(api, roll_out(api, ours, "2.9", "bad"), 120)
    assert job["status"] == "cancelled", job
    [alert] = api.get(f"/api/v1/alerts?rule=jobAborted&subject={job['jobId']}").json()["items"]
    assert (alert["severity"], alert["attention"], alert["state"]) == ("error", True, "open")
    assert job["failureReason"] in alert["summary"]
    assert "the rollout stops" in job["failureReason"]
    rows = api.get(f"/api/v1/jobs/{job['jobId']}/devices?top=1000").json()["devices"]
    touched = {row["deviceId"] for row in rows if row["status"] == "completed"}
    canceled = {row["deviceId"] for row in rows if row["status"] == "canceled"}
    assert len(touched) + len(canceled) == DEVICES
    assert 5 <= len(touched) <= 25, "about three in ten"
    assert {row["error"]["code"] for row in rows if row["deviceId"] in touched} <= {"PatternFailed", "PatternNotFinished"}
    assert job["rollout"]["wave"] == 1
    eventually(lambda: count(api, f"{ours} AND IS_DEFINED({STATUS})") == len(touched), 30, "they alone have begun")
    assert count(api, f"{ours} AND properties.reported.firmware.currentFwVersion = '2.8'") == DEVICES

    # When the same version comes with the right one, then both waves get it.
    eventually(lambda: count(api, f"{ours} AND {STATUS} = 'downloadFailed'") == len(touched), 60, "all have given up")
    job = ended(api, roll_out(api, ours, "2.9", "9f86d081"), 240)
    assert (job["status"], job["deviceJobStatistics"]["succeededCount"]) == ("completed", DEVICES), job
    assert count(api, f"{ours} AND {STATUS} = 'succeeded'") == DEVICES
