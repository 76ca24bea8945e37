"""Planning, discovery and blocking on a running hub (device-management.md §7, §10 R16, R18, R43)."""

import json
import time
import uuid
from urllib.parse import quote

import pytest
from azure.iot.hub import IoTHubRegistryManager
from azure.iot.hub.models import QuerySpecification, Twin
from msrest.exceptions import HttpOperationError

from harness.rest import assert_classic_error
from harness.wire import CONNACK, connect

SCHEMA = "/api/v1/schemas/tags"
SITES = {"type": "object", "properties": {"site": {"type": "string", "enum": ["oslo", "bergen"]}}}


@pytest.fixture
def registry(hub, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", hub.ca_file)
    return IoTHubRegistryManager.from_connection_string(hub.owner.with_host(f"localhost:{hub.https_port}"))


@pytest.fixture
def schema(api):
    """Sets the schema of tags; it is gone afterwards, since the hub is shared."""

    def put(mode, rules=SITES, **headers):
        answer = api.put(SCHEMA, json={"mode": mode, "schema": rules}, headers=headers)
        assert answer.status_code in (200, 201), answer.text
        return answer

    yield put
    api.delete(SCHEMA)


def found(registry, query):
    return registry.query_iot_hub(QuerySpecification(query=query)).items


class TestR16:
    def test_r16_an_unknown_site_is_refused_and_the_preview_counts_what_a_job_would_reach(self, api, registry, device, schema):
        run = uuid.uuid4().hex[:8]
        others = [api.create_device() for _ in range(3)]
        schema("enforce")
        for one in [device, *others]:
            registry.update_twin(one.device_id, Twin(tags={"site": "oslo", "run": run}))
        with pytest.raises(HttpOperationError) as refused:
            registry.update_twin(device.device_id, Twin(tags={"site": "paris"}))
        answer = refused.value.response
        assert answer.status_code == 400
        message = answer.json()["Message"]
        assert message.startswith("ErrorCode:ArgumentInvalid;tags.site ")
        assert all(part in message for part in ('"paris"', "enum", '"oslo"', '"bergen"')), message
        assert registry.get_twin(device.device_id).tags["site"] == "oslo"

        condition = f"tags.site = 'oslo' AND tags.run = '{run}'"
        group = api.put(f"/api/v1/groups/oslo-{run}", json={"condition": condition})
        assert group.status_code == 201, group.text
        assert api.get(f"/api/v1/groups/oslo-{run}").json()["count"] == 4
        assert len(found(registry, f"SELECT * FROM devices WHERE {condition}")) == 4
        registry.update_twin(device.device_id, Twin(tags={"site": "bergen"}))
        assert api.get(f"/api/v1/groups/oslo-{run}").json()["count"] == 3
        assert api.delete(f"/api/v1/groups/oslo-{run}").status_code == 204
        for other in others:
            api.delete_device(other.device_id)

    def test_r16_old_violations_are_listed_and_stand_in_nobodys_way(self, api, device, schema):
        assert api.patch(f"/twins/{device.device_id}", json={"tags": {"site": "paris"}}).status_code == 200
        schema("enforce")
        listed = api.get(f"{SCHEMA}/violations").json()
        assert device.device_id in [item["deviceId"] for item in listed["items"]]
        assert listed["count"] >= 1
        api.patch_desired(device.device_id, {"rate": 1})
        whole = api.twin(device.device_id)
        assert api.put(f"/twins/{device.device_id}", json=whole).status_code == 200
        assert api.patch(f"/twins/{device.device_id}", json={"tags": {"site": "oslo"}}).status_code == 200
        listed = api.get(f"{SCHEMA}/violations").json()
        assert device.device_id not in [item["deviceId"] for item in listed["items"]]

    def test_a_warning_comes_with_the_answer(self, api, device, schema):
        schema("warn")
        answer = api.patch(f"/twins/{device.device_id}", json={"tags": {"site": "paris"}})
        assert answer.status_code == 200
        assert answer.headers["x-skerry-schema-warning"].startswith("tags.site breaks the rule enum")
        answer = api.patch(f"/twins/{device.device_id}", json={"tags": {"site": "oslo"}})
        assert "x-skerry-schema-warning" not in answer.headers

    def test_an_older_schema_cannot_replace_a_newer_one(self, api, schema):
        old = schema("warn").headers["ETag"]
        schema("off", **{"If-Match": old})
        stale = api.put(SCHEMA, json={"mode": "enforce", "schema": {}}, headers={"If-Match": old})
        assert_classic_error(stale, 412, "PreconditionFailed")
        unknown = api.put(SCHEMA, json={"mode": "warn", "schema": {"properties": {"a": {"pattern": "x"}}}})
        assert "schema.properties.a.pattern" in assert_classic_error(unknown, 400, "ArgumentInvalid")


def test_r18_capabilities_are_found_within_a_second_of_the_first_report(api, registry, device, python_device):
    run = f"r18{uuid.uuid4().hex[:8]}"
    query = f"SELECT deviceId FROM devices WHERE IS_DEFINED(properties.reported.capabilities.{run})"
    client = python_device().client
    client.connect()
    assert found(registry, query) == []
    client.patch_twin_reported_properties({"capabilities": {run: True}, "conditions": {"battery": 80}})
    reported = time.monotonic()
    answer = api.post("/devices/query", json={"query": query})
    assert time.monotonic() - reported < 1
    assert answer.json() == [{"deviceId": device.device_id}]


def test_r43_a_disabled_device_is_out_within_5_s_and_comes_back_with_its_keys(api, device, wire_session, open_wire):
    module = api.create_module(device.device_id, "m")
    sessions = [wire_session(), wire_session(of=module)]
    assert api.send_to_device(device.device_id, b"hi").status_code == 204
    document = api.device(device.device_id)
    api.replace_device({**document, "status": "disabled", "statusReason": "compromised"})
    disabled = time.monotonic()

    base = f"/devices/{device.device_id}"
    lock = "6f9619ff-8b86-d011-b42d-00c04fc964ff"
    calls = [
        ("POST", f"{base}/messages/events", device),
        ("GET", f"{base}/messages/devicebound", device),
        ("DELETE", f"{base}/messages/devicebound/{lock}", device),
        ("DELETE", f"{base}/messages/devicebound/{lock}?reject", device),
        ("POST", f"{base}/messages/devicebound/{lock}/abandon", device),
        ("POST", f"{base}/modules/m/messages/events", module),
    ]
    for method, path, credentials in calls:
        answer = api.request(method, path, data=b"{}", authorization=credentials.token())
        assert_classic_error(answer, 404, "DeviceNotFound")
    for session in sessions:
        session.expect_close(max(0.1, 5 - (time.monotonic() - disabled)))
    for credentials in (device, module):
        wire = open_wire()
        wire.send(connect(credentials.client_id, credentials.user_name, credentials.token()))
        assert wire.expect(CONNACK).body[1] == 3
    twin = api.twin(device.device_id)
    assert (twin["status"], twin["statusReason"], twin["connectionState"]) == ("disabled", "compromised", "Disconnected")
    assert api.patch(f"/twins/{device.device_id}", json={"tags": {"case": 7}}).status_code == 200

    api.replace_device({**document, "status": "enabled"})
    wire_session().expect_alive()
    wire_session(of=module).expect_alive()
    sent = api.request("POST", f"{base}/messages/events", data=b"{}", authorization=device.token())
    assert sent.status_code == 204


def test_a_group_is_refused_with_line_and_column(api):
    answer = api.put("/api/v1/groups/broken", json={"condition": "tags.site = 'a'\nAND foo(1)"})
    assert "line 2, column 5" in assert_classic_error(answer, 400, "ArgumentInvalid")


def test_a_parent_that_is_not_there_is_an_invalid_scope(api, device):
    edge = api.create_device(capabilities={"iotEdge": True})
    scope = api.device(edge.device_id)["deviceScope"]
    child = api.create_device(deviceScope=scope)
    assert api.device(child.device_id)["parentScopes"] == [scope]
    for wrong in (f"{scope}0", "ms-azure-iot-edge://nobody-1"):
        answer = api.put(f"/devices/{device.device_id}", json={**api.device(device.device_id), "deviceScope": wrong}, headers={"If-Match": "*"})
        assert_classic_error(answer, 400, "InvalidDeviceScope")
    api.delete_device(edge.device_id)
    api.replace_device(api.device(child.device_id))
    api.delete_device(child.device_id)


def test_the_archive_is_searched_by_its_last_twins(api, device):
    run = uuid.uuid4().hex[:8]
    assert api.patch(f"/twins/{device.device_id}", json={"tags": {"run": run}}).status_code == 200
    retired = api.post(f"/api/v1/devices/{device.device_id}/retire", json={"reason": "lost"})
    assert retired.status_code == 202, retired.text
    condition = f"tags.run = '{run}' AND reason = 'lost'"
    path = f"/api/v1/archive/devices?where={quote(condition, safe='')}"
    ids, cursor = [], ""
    while cursor is not None:
        page = api.get(f"{path}&cursor={quote(cursor)}").json()
        ids += [item["deviceId"] for item in page["items"]]
        cursor = page["cursor"]
    assert ids == [device.device_id]


def test_a_large_dry_run_is_judged_as_a_whole(api):
    ids = [f"dry-{number}" for number in range(1500)]
    lines = [f'{{"id":"{one}","status":"enabled"}}' for one in ids] + [f'{{"id":"{one}","moduleId":"m"}}' for one in reversed(ids)]
    answer = api.post("/api/v1/import/dry-run", data="\n".join(lines), headers={"Content-Type": "application/x-ndjson"})
    assert answer.status_code == 200, answer.text
    assert answer.text.splitlines()[-1].startswith('{"counts":{"create":3000}')
    assert api.get("/devices/dry-0").status_code == 404


def test_a_dry_run_takes_files_that_are_larger_than_a_body(api):
    """A file with twins is read as it comes in: chunked, with lines of one device at both its ends."""
    prefix = f"large-{uuid.uuid4().hex[:8]}"
    filling = "x" * 1_000
    count = 20_000

    def file():
        yield f'{{"id":"{prefix}-0","status":"enabled"}}\n'.encode()
        for number in range(1, count):
            yield json.dumps({"id": f"{prefix}-{number}", "status": "enabled", "tags": {"filling": filling}}).encode() + b"\n"
        yield f'{{"id":"{prefix}-0","moduleId":"late"}}\n'.encode()
        yield f'{{"id":"{prefix}-1","status":"enabled"}}\n'.encode()

    assert count * len(filling) > 16 * 1024 * 1024
    answer = api.post("/api/v1/import/dry-run", data=file(), headers={"Content-Type": "application/x-ndjson"})
    assert answer.status_code == 200, answer.text[:500]
    lines = answer.text.splitlines()
    assert json.loads(lines[-1]) == {"counts": {"create": count + 1, "error": 1}, "lines": count + 2}
    assert json.loads(lines[-3]) == {"line": count + 1, "outcome": "create", "id": f"{prefix}-0", "moduleId": "late"}
    assert "line 2" in json.loads(lines[-2])["errorStatus"]
    assert api.get(f"/devices/{prefix}-0").status_code == 404


def test_a_dry_run_needs_a_right_before_anybody_reads_the_file(api):
    answer = api.post("/api/v1/import/dry-run", data=b"{}\n" * 100, authorization=None)
    assert answer.status_code == 401, answer.text
