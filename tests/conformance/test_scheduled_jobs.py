"""Scheduled jobs (`service.md` §10, `device-management.md` §1, §4.6) with the unmodified Python job manager,
npm `azure-iothub` and plain REST."""

import uuid
from datetime import datetime, timedelta, timezone

import pytest
from azure.iot.hub import IoTHubJobManager
from azure.iot.hub.protocol.models import CloudToDeviceMethod, JobRequest, Twin, TwinProperties

from harness.rest import EventReader, RestApi, assert_classic_error
from harness.waiting import eventually

ENDED = {"completed", "failed", "cancelled"}


def job_id() -> str:
    return f"job-{uuid.uuid4().hex[:12]}"


def ended(api: RestApi, name: str, seconds: float = 60) -> dict:
    def look() -> dict | None:
        found = api.get(f"/jobs/v2/{name}").json()
        statistics = found["deviceJobStatistics"]
        counts = [statistics[part] for part in ("failedCount", "succeededCount", "runningCount", "pendingCount")]
        assert sum(counts) == statistics["deviceCount"], found
        return found if found["status"] in ENDED else None

    return eventually(look, seconds, f"job {name} ends")


def rows(api: RestApi, name: str, more: str = "") -> list[dict]:
    text = f"SELECT * FROM devices.jobs WHERE devices.jobs.jobId = '{name}'{more}"
    answer = api.post("/devices/query", json={"query": text})
    assert answer.status_code == 200, answer.text
    assert answer.headers["x-ms-item-type"] == "DeviceJob"
    return answer.json()


@pytest.fixture
def jobs(hub, monkeypatch) -> IoTHubJobManager:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", hub.ca_file)
    return IoTHubJobManager.from_connection_string(hub.owner.with_host(f"localhost:{hub.https_port}"))


@pytest.fixture
def fleet(api):
    """Devices of one group that never connect."""
    group = uuid.uuid4().hex[:8]
    ids = [f"fleet-{group}-{number}" for number in range(50)]
    items = [{"id": name, "importMode": "create", "status": "enabled", "tags": {"group": group}} for name in ids]
    assert api.post("/devices", json=items).status_code == 200
    yield group, ids
    api.post("/devices", json=[{"id": name, "importMode": "delete"} for name in ids])


def test_python_client_updates_twins(jobs, api, fleet):
    group, ids = fleet
    name = job_id()
    request = JobRequest(
        job_id=name,
        type="scheduleUpdateTwin",
        update_twin=Twin(etag="*", tags={"ring": "b"}, properties=TwinProperties(desired={"interval": 60})),
        query_condition=f"tags.group = '{group}'",
        start_time=None,
        max_execution_time_in_seconds=60,
    )
    created = jobs.create_scheduled_job(name, request)
    assert created.status == "queued"
    done = ended(api, name)
    assert (done["status"], done["deviceJobStatistics"]["succeededCount"]) == ("completed", 50)
    assert jobs.get_scheduled_job(name).device_job_statistics.succeeded_count == 50
    twin = api.twin(ids[7])
    assert (twin["tags"]["ring"], twin["properties"]["desired"]["interval"]) == ("b", 60)
    assert len(rows(api, name, " AND status = 'completed'")) == 50


def test_python_client_cancels_a_job_that_waits(jobs, api):
    name = job_id()
    request = JobRequest(
        job_id=name,
        type="scheduleDeviceMethod",
        cloud_to_device_method=CloudToDeviceMethod(method_name="reboot", response_timeout_in_seconds=10),
        query_condition="*",
        start_time=None,
        max_execution_time_in_seconds=60,
    )
    body = request.serialize()
    body["startTime"] = "2999-01-01T00:00:00Z"
    assert_classic_error(api.put(f"/jobs/v2/{name}", json=body), 400, "ArgumentInvalid")
    body["startTime"] = (datetime.now(timezone.utc) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert api.put(f"/jobs/v2/{name}", json=body).json()["status"] == "queued"
    assert_classic_error(api.put(f"/jobs/v2/{name}", json=body), 409, "JobAlreadyExists")
    jobs.cancel_scheduled_job(name)
    assert jobs.get_scheduled_job(name).status == "cancelled"
    assert_classic_error(api.post(f"/jobs/v2/{name}/cancel"), 405, "OperationNotAllowedInCurrentState")


def test_unknown_jobs_are_no_error(api):
    answer = api.get(f"/jobs/v2/{job_id()}")
    assert (answer.status_code, answer.json()) == (200, {"type": "unknown", "status": "unknown"})
    assert_classic_error(api.post(f"/jobs/v2/{job_id()}/cancel"), 404, "JobNotFound")


def test_method_job_reaches_a_device_when_it_connects(api, device, python_device):
    name = job_id()
    body = {
        "type": "scheduleDeviceMethod",
        "cloudToDeviceMethod": {"methodName": "reboot", "payload": {"delay": 5}, "responseTimeoutInSeconds": 30},
        "queryCondition": f"deviceId = '{device.device_id}'",
        "maxExecutionTimeInSeconds": 120,
    }
    assert api.put(f"/jobs/v2/{name}", json=body).status_code == 200
    eventually(lambda: api.get(f"/jobs/v2/{name}").json()["deviceJobStatistics"]["pendingCount"] == 1, 10, "it waits")
    connected = python_device()
    connected.answer_methods(lambda request: (200, {"delayed": request.payload["delay"]}))
    done = ended(api, name)
    assert (done["status"], done["deviceJobStatistics"]["succeededCount"]) == ("completed", 1)
    [row] = rows(api, name)
    assert row["outcome"] == {"deviceMethodResponse": {"status": 200, "payload": {"delayed": 5}}}


def test_a_running_job_ends_by_force_only(api, device):
    name = job_id()
    body = {
        "type": "scheduleDeviceMethod",
        "cloudToDeviceMethod": {"methodName": "reboot"},
        "queryCondition": f"deviceId = '{device.device_id}'",
    }
    assert api.put(f"/jobs/v2/{name}", json=body).status_code == 200
    eventually(lambda: api.get(f"/jobs/v2/{name}").json()["status"] == "running", 10, "it runs")
    assert_classic_error(api.post(f"/jobs/v2/{name}/cancel"), 405, "OperationNotAllowedInCurrentState")
    assert api.post(f"/jobs/v2/{name}/cancel?force=true").json()["status"] == "cancelled"
    [row] = rows(api, name)
    assert row["status"] == "canceled"


def test_node_client_schedules_and_lists(service, api, fleet):
    group, _ = fleet
    name = job_id()
    patch = {"etag": "*", "tags": {"ring": "n"}}
    condition = f"tags.group = '{group}'"
    service.call("job", method="scheduleTwinUpdate", parameters=[name, condition, patch, None, 60])
    assert ended(api, name)["deviceJobStatistics"]["succeededCount"] == 50
    assert service.call("job", method="getJob", parameters=[name])["status"] == "completed"
    pages = service.call("jobQuery", type="scheduleUpdateTwin", status="completed", pageSize=1)
    assert name in [found["jobId"] for page in pages for found in page]


def test_jobs_are_listed_newest_first_in_pages(api):
    names = [job_id() for _ in range(3)]
    for name in names:
        body = {"type": "scheduleUpdateTwin", "updateTwin": {"etag": "*"}, "queryCondition": "deviceId = 'nobody'"}
        assert api.put(f"/jobs/v2/{name}", json=body).status_code == 200
    found: list[str] = []
    headers = {"x-ms-max-item-count": "2"}
    while len(found) < 3:
        answer = api.get("/jobs/v2/query?jobType=scheduleUpdateTwin", headers=headers)
        assert answer.headers["x-ms-item-type"] == "JobResponse"
        found += [job["jobId"] for job in answer.json()]
        if "x-ms-continuation" not in answer.headers:
            break
        headers["x-ms-continuation"] = answer.headers["x-ms-continuation"]
    assert found[:3] == list(reversed(names))


def test_a_job_and_its_devices_are_told_of_by_a_route(api, fleet):
    group, ids = fleet
    source = "deviceJobLifecycleEvents"
    route = "/api/v1/routes/jobs-of-a-test"
    assert api.put(route, json={"source": source}).status_code == 201
    try:
        reader = EventReader(api, source=source)
        name = job_id()
        body = {
            "type": "scheduleUpdateTwin",
            "updateTwin": {"etag": "*", "tags": {"ring": "b"}},
            "queryCondition": f"tags.group = '{group}'",
        }
        assert api.put(f"/jobs/v2/{name}", json=body).status_code == 200
        done = ended(api, name)
        events: list[dict] = []
        while len(events) < len(ids) + 3:
            page = reader.next_events(wait=10)
            assert page, events
            # A job of an earlier test may still be ending.
            events += [event for event in page if event["applicationProperties"]["jobId"] == name]
        operations = {
            device: [e["applicationProperties"]["opType"] for e in events if e.get("deviceId") == device]
            for device in [None, *ids]
        }
        assert operations.pop(None) == ["jobScheduled", "jobStarted", "jobCompleted"]
        assert operations == {device: ["deviceJobCompleted"] for device in ids}
        [whole] = [event["body"] for event in events if event["applicationProperties"]["opType"] == "jobCompleted"]
        assert whole == done
        bodies = sorted((event["body"] for event in events if "deviceId" in event), key=lambda row: row["deviceId"])
        assert bodies == sorted(rows(api, name), key=lambda row: row["deviceId"])
    finally:
        assert api.delete(route).status_code == 204
