"""Retirement, archive and the record of changes on a running hub (device-management.md §6, §7.1, §10 R25–R27)."""

import hashlib
import json
import uuid

import pytest

from harness.waiting import eventually
from harness.wire import CONNACK, connect


def retire(api, device_id, **body):
    answer = api.post(f"/api/v1/devices/{device_id}/retire", json={"reason": "failure", **body}, api_version=None)
    assert answer.status_code == 202, answer.text
    return answer.json()


def test_r25_the_replacement_has_the_twin_and_the_old_id_cannot_connect(api, device, open_wire):
    replacement = f"replacement-{uuid.uuid4().hex[:8]}"
    tags = {"tags": {"site": "north"}, "properties": {"desired": {"rate": 5}}}
    assert api.patch(f"/twins/{device.device_id}", json=tags).status_code == 200
    operation = retire(api, device.device_id, mode="replace", replacementId=replacement)
    state = lambda: api.get(f"/api/v1/retirements/{operation['operationId']}", api_version=None).json()["state"]  # noqa: E731
    eventually(lambda: state() == "completed", 10, "the replacement is done")
    twin = api.twin(replacement)
    assert twin["tags"]["site"] == "north"
    assert twin["tags"]["replaces"]["deviceId"] == device.device_id
    assert twin["properties"]["desired"]["rate"] == 5
    assert api.device(replacement)["status"] == "disabled"
    wire = open_wire()
    wire.send(connect(device.client_id, device.user_name, device.token()))
    assert wire.expect(CONNACK).body[1] == 5
    api.delete_device(replacement)


def test_r26_the_archive_has_the_whole_last_twin_and_proves_it(api, device, python_device):
    # Given a device with a twin, retired; when the archive is read later.
    client = python_device()
    client.client.connect()
    client.client.patch_twin_reported_properties({"firmware": "1.2.3"})
    operation = retire(api, device.device_id, reason="endOfLife")
    entry = api.get(operation["archive"], api_version=None).json()
    # Then the checksum verifies, by the hub's word and by our own count over the document.
    document = json.dumps(entry["document"], separators=(",", ":"), ensure_ascii=False)
    assert entry["intact"] is True
    assert entry["sha256"] == hashlib.sha256(document.encode()).hexdigest()
    twin = entry["document"]["twin"]
    assert twin["properties"]["reported"]["firmware"] == "1.2.3"
    assert "$metadata" in twin["properties"]["reported"]
    assert api.get(f"/devices/{device.device_id}").status_code == 404
    # Absent from what queries see.
    query = api.post("/devices/query", json={"query": f"SELECT * FROM devices WHERE deviceId = '{device.device_id}'"})
    assert (query.status_code, query.json()) == (200, []), query.text
    listed = api.get(f"/api/v1/archive/devices?deviceId={device.device_id}", api_version=None).json()["items"]
    assert [item["generationId"] for item in listed] == [entry["generationId"]]


def test_r27_sessions_close_within_5_s_and_the_old_key_is_refused_for_good(api, device, wire_session, open_wire):
    session = wire_session()
    retire(api, device.device_id, reason="compromised")
    session.expect_close(5)

    def code():
        wire = open_wire()
        wire.send(connect(device.client_id, device.user_name, device.token()))
        return wire.expect(CONNACK).body[1]

    assert code() == 5
    api.create_device(device.device_id)
    assert code() == 5
    api.delete_device(device.device_id)
    keys = {"primaryKey": device.primary_key, "secondaryKey": device.secondary_key}
    again = api.put(f"/devices/{device.device_id}", json={"authentication": {"symmetricKey": keys}})
    assert again.status_code == 400, again.text


class TestRecord:
    @pytest.fixture
    def records(self, api, device):
        def read(**filters):
            query = "&".join(f"{name}={value}" for name, value in {"deviceId": device.device_id, **filters}.items())
            answer = api.get(f"/api/v1/audit?{query}", api_version=None)
            assert answer.status_code == 200, answer.text
            return answer.json()["records"]

        return read

    def test_a_change_names_who_what_before_and_after(self, api, device, records):
        answer = api.patch(f"/twins/{device.device_id}", json={"tags": {"site": "north"}})
        (record,) = records(action="updateTwin")
        assert record["actor"] == "policy:iothubowner"
        assert record["requestId"] == answer.headers["x-ms-request-id"]
        assert (record["before"]["tags"], record["after"]["tags"]) == ({}, {"site": "north"})

    def test_a_refusal_is_recorded(self, api, device, records):
        stale = api.patch(f"/twins/{device.device_id}", json={"tags": {}}, headers={"If-Match": '"AAAAAAAAAAM="'})
        assert stale.status_code == 412
        assert records(action="updateTwin")[0]["result"] == "PreconditionFailed"

    def test_no_key_is_in_it_and_the_chains_are_whole(self, api, device, records):
        everything = str(records())
        assert device.primary_key not in everything and device.secondary_key not in everything
        proof = api.get("/api/v1/audit/verify", api_version=None).json()
        assert proof["intact"] is True, proof
        assert sum(chain["records"] for chain in proof["chains"]) > 0


def test_a_dry_run_tells_and_changes_nothing(api, device):
    lines = [
        '{"id":"dry-run-new","status":"enabled"}',
        f'{{"id":"{device.device_id}","status":"enabled","importMode":"create"}}',
        "not json",
        '{"id":"dry-run-broken",}',
    ]
    answer = api.post(
        "/api/v1/import/dry-run", data="\n".join(lines), headers={"Content-Type": "application/x-ndjson"}, api_version=None
    )
    assert answer.status_code == 200, answer.text
    outcomes = [line for line in answer.text.splitlines()]
    assert ['"create"' in outcomes[0], '"conflict"' in outcomes[1], '"skip"' in outcomes[2], '"error"' in outcomes[3]] == [True] * 4
    assert api.get("/devices/dry-run-new").status_code == 404
