"""The OpenAPI document that the hub serves: it is served as it is kept, and answers are what it says."""

import json
from pathlib import Path
from typing import Any

import pytest

from harness.openapi import Document
from harness.rest import RestApi

KEPT = Path(__file__).parents[2] / "console" / "static" / "openapi.json"
SERVED = json.loads(KEPT.read_text())
# What stands in the place of parameters that have to be there and have no default.
VALUES = {"method": "reboot", "pattern": "reboot"}
# Things that the hub has from the beginning or that every test here has made.
NAMED = {
    "/devices/{deviceId}": {},
    "/twins/{deviceId}": {},
    "/digitaltwins/{deviceId}": {},
    "/devices/{deviceId}/modules": {},
    "/api/v1/devices/{deviceId}/c2d": {},
    "/api/v1/devices/{deviceId}/connection": {},
    "/api/v1/devices/{deviceId}/dead-letters": {},
    "/api/v1/devices/{deviceId}/effective-configuration": {},
    "/api/v1/devices/{deviceId}/maintenance": {},
    "/api/v1/twins/{deviceId}/history": {},
    "/api/v1/twins/{deviceId}/history/{version}": {"version": "2"},
    "/api/v1/patterns/{id}": {"id": "reboot"},
    "/api/v1/alert-rules/{id}": {"id": "heartbeatMissed"},
    "/jobs/v2/{jobId}": {"jobId": "no-such-job"},
}


def readable() -> list[str]:
    """Paths whose GET answers with JSON and needs nothing that a test would have to make first."""
    found = []
    for path, verbs in SERVED["paths"].items():
        operation = verbs.get("get", {})
        answer = Document(SERVED).resolved(operation.get("responses", {}).get("200", {}))
        plain = "application/json" in answer.get("content", {}) and operation.get("x-required-right")
        if plain and ("{" not in path or path in NAMED):
            found.append(path)
    return found


@pytest.fixture
def document(api: RestApi) -> Document:
    answer = api.get("/console/openapi.json", authorization=None, api_version=None)
    assert answer.status_code == 200, answer.text
    return Document(answer.json())


def test_the_document_is_served_as_it_is_kept(api: RestApi) -> None:
    answer = api.get("/console/openapi.json", authorization=None, api_version=None)
    assert answer.headers["Content-Type"].startswith("application/json")
    assert answer.headers["Cache-Control"] == "no-cache"
    assert answer.json() == SERVED
    # Nothing else beside it is a file: those are places in the console.
    other = api.get("/console/other.json", authorization=None, api_version=None)
    assert other.headers["Content-Type"].startswith("text/html")


@pytest.mark.parametrize("path", readable())
def test_an_answer_is_what_the_document_says(api: RestApi, device: Any, document: Document, path: str) -> None:
    twin = f"/twins/{device.device_id}"
    assert api.patch(twin, json={"tags": {"site": "oslo"}, "properties": {"desired": {"interval": 5}}}).status_code == 200
    # Something in the log and among the records, whatever ran before.
    upload = f"/devices/{device.device_id}/messages/events"
    json_body = {"iothub-contenttype": "application/json", "iothub-contentencoding": "utf-8"}
    for headers in ({}, json_body):
        assert api.request("POST", upload, data=b'{"t": 1}', headers=headers, authorization=device.token()).status_code == 204
    refused = device.token(key=device.secondary_key[::-1].strip("=") + "=")
    assert api.request("POST", upload, data=b"x", authorization=refused).status_code == 401
    operation = document.document["paths"][path]["get"]
    parameters = {}
    for part in operation.get("parameters", []):
        parameter = document.resolved(part)
        if parameter["in"] == "query" and parameter.get("required") and parameter["name"] != "api-version":
            parameters[parameter["name"]] = VALUES[parameter["name"]]
    asked = path.replace("{deviceId}", device.device_id)
    for name, value in NAMED.get(path, {}).items():
        asked = asked.replace("{" + name + "}", value)
    answer = api.get(asked, parameters=parameters)
    assert str(answer.status_code) in operation["responses"], answer.text
    assert answer.status_code == 200 or path == "/api/v1/schemas/tags" or path.endswith("/violations"), answer.text
    schema = document.answer_schema(operation, answer.status_code)
    assert list(document.problems(schema, answer.json())) == []


def test_what_is_written_comes_back_as_the_document_says(api: RestApi, device: Any, document: Document) -> None:
    """The example of a body is good as it is, and its answer is as described."""
    paths = document.document["paths"]
    written = [
        ("put", "/api/v1/groups/{id}", "group-of-the-document", {200, 201}),
        ("put", "/api/v1/maintenance-policies/{id}", "policy-of-the-document", {200, 201}),
        ("put", "/api/v1/alert-rules/{id}", "rule-of-the-document", {200, 201}),
        ("put", "/configurations/{configurationId}", "fw-28", {200}),
        ("put", "/jobs/v2/{jobId}", "job-of-the-document", {200}),
        ("patch", "/twins/{deviceId}", device.device_id, {200}),
        ("post", "/devices/query", "", {200}),
        ("post", "/api/v1/api-tokens", "", {201}),
        ("post", "/api/v1/blobs/sas", "", {200}),
        ("put", "/api/v1/accounts/{name}", "ada-of-the-document", {200, 201}),
    ]
    made = []
    try:
        for verb, path, name, statuses in written:
            operation = paths[path][verb]
            schema = operation["requestBody"]["content"]["application/json"]["schema"]
            (example,) = document.resolved(schema)["examples"]
            asked = path.split("{")[0] + name
            answer = api.request(verb.upper(), asked, json=example)
            assert answer.status_code in statuses, f"{path}: {answer.text}"
            if verb == "put" and not path.startswith("/jobs"):
                made.append(asked)
            if path == "/api/v1/api-tokens":
                made.append(f"{path}/{answer.json()['id']}")
            answer_schema = document.answer_schema(operation, answer.status_code)
            assert list(document.problems(answer_schema, answer.json())) == [], path
    finally:
        for asked in made:
            assert api.delete(asked, headers={"If-Match": "*"}).status_code == 204, asked


def test_refusals_have_the_envelope_of_the_document(api: RestApi, document: Document) -> None:
    refusals = [
        (api.get("/devices/nobody-of-that-name"), "/devices/{deviceId}", 404),
        (api.get("/devices", authorization=None), "/devices", 401),
        (api.get("/devices", api_version=None), "/devices", 400),
    ]
    for answer, path, status in refusals:
        assert answer.status_code == status
        schema = document.answer_schema(document.document["paths"][path]["get"], status)
        assert list(document.problems(schema, answer.json())) == []
