"""Operations records: what went wrong with devices, messages, methods, jobs and queries (device-management.md §9.1)."""

import json
import uuid


from harness import wire as w
from harness.server_sent_events import server_sent_events
from harness.waiting import eventually


def records(api, **filters):
    answer = api.get("/api/v1/operations", parameters={name: str(value) for name, value in filters.items()})
    assert answer.status_code == 200, answer.text
    return answer.json()["records"]


def wait_for(api, seconds=10, **filters):
    return eventually(lambda: records(api, **filters), seconds, f"there is a record of {filters}")


def refuse(open_wire, device):
    wire = open_wire()
    wire.send(w.connect(device.client_id, device.user_name, "nonsense"))
    assert wire.expect(w.CONNACK).body[1] == 5


def test_one_record_in_three_shapes(api, open_wire, device):
    refuse(open_wire, device)
    (record,) = wait_for(api, deviceId=device.device_id)
    assert record["category"] == "Connections"
    assert record["operationName"] == "deviceConnect"
    assert record["level"] == "Error"
    assert record["resultType"] == "401003"
    assert record["time"].endswith("Z")

    (log,) = records(api, deviceId=device.device_id, format="resourceLog")
    assert log["category"] == "Connections" and log["operationName"] == "deviceConnect"
    # `properties` is a text that holds JSON.
    properties = json.loads(log["properties"])
    assert properties["deviceId"] == device.device_id
    assert "deviceId" not in log

    (old,) = records(api, deviceId=device.device_id, format="legacy")
    assert old["statusCode"] == "401003"
    assert old["statusDescription"] == record["resultDescription"]
    assert old["deviceId"] == device.device_id
    assert "resultType" not in old

    assert api.get("/api/v1/operations?format=other").status_code == 400


def test_filters_by_time_category_and_level(api, open_wire, device):
    refuse(open_wire, device)
    (first,) = wait_for(api, deviceId=device.device_id)
    assert records(api, deviceId=device.device_id, to=first["time"]) == []
    since = records(api, deviceId=device.device_id, **{"from": first["time"]})
    assert since == [first]
    assert records(api, deviceId=device.device_id, category="Routes") == []
    assert records(api, deviceId=device.device_id, level="Information") == []
    assert api.get("/api/v1/operations?from=yesterday").status_code == 400


def test_failures_of_a_back_end_are_found_by_category(api, device):
    assert api.call_method(device.device_id, "reboot", response=5).status_code == 404
    (method,) = wait_for(api, category="DirectMethods", deviceId=device.device_id)
    assert method["operationName"] == "send"
    assert method["resultType"] == "404103"

    answer = api.patch(f"/twins/{device.device_id}", json={"tags": {"a": 1}}, headers={"If-Match": '"AAAAAAAAAAk="'})
    assert answer.status_code == 412
    (twin,) = wait_for(api, category="C2DTwinOperations", deviceId=device.device_id)
    assert twin["operationName"] == "update"
    assert twin["resultType"] == "412001"

    mark = uuid.uuid4().hex
    before = len(records(api, category="TwinQueries"))
    assert api.post("/devices/query", json={"query": f"SELECT {mark} FRM devices"}).status_code == 400
    found = eventually(lambda: (now := records(api, category="TwinQueries")) and len(now) > before and now, 10, "the query is noted")
    assert found[0]["operationName"] == "query"


def test_a_method_that_times_out_is_noted(api, wire_session, device):
    wire = wire_session()
    wire.grant(("$iothub/methods/POST/#", 0))
    assert api.call_method(device.device_id, "reboot", response=5).status_code == 504
    (method,) = wait_for(api, category="DirectMethods", deviceId=device.device_id)
    assert method["resultType"] == "504101"


def test_a_message_that_is_too_large_is_noted_as_telemetry(api, wire_session, device):
    wire = wire_session()
    wire.send(w.publish(f"devices/{device.device_id}/messages/events/", b"x" * 262_145, qos=1))
    wire.expect_close(10)
    (record,) = wait_for(api, category="DeviceTelemetry", deviceId=device.device_id)
    assert record["operationName"] == "ingress"
    assert record["resultType"] == "413001"


def test_a_rejected_message_is_noted(api, device):
    assert api.send_to_device(device.device_id, b"x", {"iothub-messageid": "m-1"}).status_code == 204
    path = f"/devices/{device.device_id}/messages/devicebound"
    lock = api.get(path, authorization=device.token()).headers["ETag"].strip('"')
    assert api.delete(f"{path}/{lock}?reject", authorization=device.token()).status_code == 204
    (record,) = wait_for(api, category="C2DCommands", deviceId=device.device_id)
    assert record["operationName"] == "reject"
    assert record["messageId"] == "m-1"


def test_jobs_are_told_of(api, device):
    job = f"job-{uuid.uuid4().hex[:8]}"
    order = {
        "type": "scheduleUpdateTwin",
        "updateTwin": {"etag": "*", "tags": {"job": job}},
        "queryCondition": f"deviceId = '{device.device_id}'",
    }
    assert api.put(f"/jobs/v2/{job}", json=order).status_code == 200

    def told():
        found = [record for record in records(api, category="JobsOperations") if record.get("jobId") == job]
        return [record["operationName"] for record in found] == ["jobCompleted", "createJob"] and found

    newest, oldest = eventually(told, 30, "beginning and end are told")
    assert {newest["level"], oldest["level"]} == {"Information"}


def test_the_stream_tells_what_comes_and_goes_on_where_it_was(api, open_wire, device):
    stream = api.get(f"/api/v1/operations/stream?deviceId={device.device_id}", stream=True)
    assert stream.status_code == 200
    assert stream.headers["Content-Type"].startswith("text/event-stream")
    # The first lines say that it has begun, and where.
    lines = stream.iter_lines(chunk_size=1)
    cursor = next(line[4:].decode() for line in lines if line.startswith(b"id: "))
    refuse(open_wire, device)
    assert next(line for line in lines if line.startswith(b"event: ")) == b"event: operation"
    record = next(json.loads(line[6:]) for line in lines if line.startswith(b"data: "))
    assert record["deviceId"] == device.device_id
    stream.close()
    # A client that comes back with the cursor of before misses nothing.
    again = api.get(
        f"/api/v1/operations/stream?deviceId={device.device_id}&format=legacy", headers={"Last-Event-ID": cursor}, stream=True
    )
    name, record = next(server_sent_events(again))
    assert record["statusCode"] == "401003"
    again.close()


def test_who_may_read_them(api, hub):
    assert api.get("/api/v1/operations", authorization=None).status_code == 401
    assert api.get("/api/v1/operations/stream", authorization=None).status_code == 401
