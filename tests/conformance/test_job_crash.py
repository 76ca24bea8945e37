"""kill -9 in the middle of scheduled jobs: they finish, their counters are those of their rows, and no device is
changed or called twice (`device-management.md` §1.3)."""

from collections import Counter

from conftest import PUBLIC_NAME
from harness.hub_process import HubProcess
from harness.rest import RestApi
from harness.simulator import Simulator
from harness.waiting import eventually

ENDED = {"completed", "failed", "cancelled"}
ROOMY = {"units": 1000}


def api_of(hub: HubProcess) -> RestApi:
    api = RestApi(hub.url, hub.owner, PUBLIC_NAME, keep_alive=False)
    assert api.put("/api/v1/throttles", json=ROOMY).status_code == 200
    return api


def look(api: RestApi, name: str) -> dict:
    answer = api.get(f"/jobs/v2/{name}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def in_the_middle(api: RestApi, name: str, least: int, most: int) -> None:
    """Returns as soon as the job has touched so many devices."""

    def reached() -> bool:
        found = look(api, name)
        assert found["status"] in {"queued", "running"}, found
        statistics = found["deviceJobStatistics"]
        touched = statistics["succeededCount"] + statistics["failedCount"] + statistics["runningCount"]
        assert touched < most, found
        return touched >= least

    eventually(reached, 60, f"{name} has touched {least} devices")


def ended(api: RestApi, name: str, seconds: float) -> dict:
    def over() -> dict | None:
        found = look(api, name)
        return found if found["status"] in ENDED else None

    return eventually(over, seconds, f"{name} ends")


def rows(api: RestApi, name: str) -> list[dict]:
    found, cursor = [], ""
    while cursor is not None:
        page = api.get(f"/api/v1/jobs/{name}/devices?top=1000" + (f"&cursor={cursor}" if cursor else "")).json()
        found += page["devices"]
        cursor = page["cursor"]
    return found


def assert_counters(job: dict, found: list[dict]) -> Counter:
    states = Counter(row["status"] for row in found)
    statistics = job["deviceJobStatistics"]
    assert len({row["deviceId"] for row in found}) == statistics["deviceCount"] == len(found)
    assert states["completed"] == statistics["succeededCount"]
    assert states["failed"] == statistics["failedCount"]
    assert (states["pending"], states["running"]) == (0, 0)
    return states


def test_a_twin_job_survives_kill_9_and_changes_each_twin_once(own_hub):
    hub = own_hub()
    api = api_of(hub)
    count = 6_000
    for first in range(0, count, 100):
        items = [{"id": f"fleet-{number}", "importMode": "create", "status": "enabled"} for number in range(first, first + 100)]
        assert api.post("/devices", json=items).status_code == 200
    body = {
        "type": "scheduleUpdateTwin",
        "updateTwin": {"etag": "*", "properties": {"desired": {"interval": 60}}},
        "queryCondition": "*",
        "maxExecutionTimeInSeconds": 600,
    }
    assert api.put("/jobs/v2/all", json=body).status_code == 200
    in_the_middle(api, "all", 300, count)
    assert hub.kill_workerd() == 1
    hub.start()
    api = api_of(hub)
    job = ended(api, "all", 120)
    assert job["status"] == "completed"
    assert assert_counters(job, rows(api, "all")) == {"completed": count}
    changed = api.post("/devices/query", json={"query": "SELECT COUNT() AS n FROM devices WHERE properties.desired.interval = 60 AND version = 3"})
    assert changed.json() == [{"n": count}], "each twin was written once"


def test_a_method_job_survives_kill_9_and_calls_each_device_at_most_once(own_hub, tmp_path):
    hub = own_hub()
    api = api_of(hub)
    count = 1_500
    fleet = Simulator(hub, api, tmp_path, "called", count)
    fleet.start()
    body = {
        "type": "scheduleDeviceMethod",
        "cloudToDeviceMethod": {"methodName": "reboot", "responseTimeoutInSeconds": 30},
        "queryCondition": "STARTSWITH(deviceId, 'called-')",
        "maxExecutionTimeInSeconds": 120,
    }
    assert api.put("/jobs/v2/all", json=body).status_code == 200
    in_the_middle(api, "all", 1, count)
    assert hub.kill_workerd() == 1
    hub.start()
    api = api_of(hub)
    job = ended(api, "all", 200)
    assert job["status"] == "completed"
    found = rows(api, "all")
    states = assert_counters(job, found)
    assert states["completed"] + states["failed"] == count
    # What was under way when the hub died may have been sent, and is not sent again.
    codes = {row["error"]["code"] for row in found if row["status"] == "failed"}
    assert codes <= {"OutcomeUnknown", "DeviceConnectionClosedRemotely", "GatewayTimeout"}, codes
    fleet.stop()
