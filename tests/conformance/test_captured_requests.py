"""Requests as unmodified clients send them, replayed byte for byte (service.md §14.4).

Each row is a line of the contract's table of captured requests: verb, path with its escapes and its
query, the headers that matter, and the body as text. Nothing re-encodes them on the way. `d1` in
the capture is a device of this test here, and keys that the contract shortened are written out.

Not here, because the hub has no such operation yet: `Py configuration`, `Node configuration`,
`CLI configuration create` (configurations), the first half of `CLI job list` and `Node jobs`
(scheduled jobs). Who adds one of these adds its rows.
"""

import http.client
import json
import uuid
from dataclasses import dataclass, field
from typing import Any, Callable

import pytest

VERSION = "api-version=2021-04-12"
CLI_VERSION = "api-version=2024-03-31"
# Python and the CLI say what they accept, Node does not.
PYTHON = {"Accept": "application/json", "Content-Type": "application/json; charset=utf-8"}
NODE = {"Content-Type": "application/json; charset=utf-8"}
EMPTY_KEYS = '"symmetricKey":{"primaryKey":"","secondaryKey":""}'


@dataclass
class Answer:
    status: int
    headers: http.client.HTTPMessage
    text: str

    @property
    def body(self) -> Any:
        return json.loads(self.text)


@dataclass
class Captured:
    """One captured request, and what must come back; `{d1}` stands for the device's id."""

    client: str
    request: str
    status: int
    headers: dict[str, str] = field(default_factory=lambda: PYTHON)
    body: str | None = None
    check: Callable[[Answer, str], bool] = lambda answer, d1: True
    # Whether `d1` exists before.
    exists: bool = True


def identity(answer: Answer, d1: str) -> bool:
    """A device object with keys, and its etag in the header, quoted."""
    shown = answer.body
    return (
        shown["deviceId"] == d1
        and len(shown["authentication"]["symmetricKey"]["primaryKey"]) == 44
        and answer.headers["ETag"] == f'"{shown["etag"]}"'
    )


def module(answer: Answer, d1: str) -> bool:
    shown = answer.body
    return (shown["deviceId"], shown["moduleId"]) == (d1, "m1") and "status" not in shown


def edge(answer: Answer, d1: str) -> bool:
    return identity(answer, d1) and answer.body["capabilities"] == {"iotEdge": True}


def listed(answer: Answer, d1: str) -> bool:
    return isinstance(answer.body, list) and all(identity_like["deviceId"] for identity_like in answer.body)


def nothing(answer: Answer, _: str) -> bool:
    return answer.text == "" and "Content-Type" not in answer.headers


def applied(answer: Answer, _: str) -> bool:
    return answer.body == {"isSuccessful": True, "errors": [], "warnings": []}


def refused(name: str, code: int) -> Callable[[Answer, str], bool]:
    """The classic envelope, which Python and Node read (service.md §12.2)."""
    return lambda answer, _: (
        answer.headers["iothub-errorcode"] == name and answer.body["Message"].startswith(f"ErrorCode:{name};") and code // 1000 == answer.status
    )


def bulk_refused(code: int) -> Callable[[Answer, str], bool]:
    """The result, with both spellings of the header (service.md §4.6)."""
    name = "BulkRegistryOperationFailure"
    return lambda answer, d1: (
        (answer.headers["iothub-errorcode"], answer.headers["IotHubErrorCode"]) == (name, name)
        and answer.body["isSuccessful"] is False
        and [(error["deviceId"], error["errorCode"]) for error in answer.body["errors"]] == [(d1, code)]
    )


def offline(answer: Answer, _: str) -> bool:
    """The nested envelope of direct methods: JSON text within JSON (service.md §7, §12.1)."""
    nested = json.loads(answer.body["Message"])
    return answer.headers["iothub-errorcode"] == "DeviceNotOnline" and nested["errorCode"] == 404103


def tags(expected: dict) -> Callable[[Answer, str], bool]:
    return lambda answer, _: answer.body.get("tags", {}) == expected


def twins(answer: Answer, d1: str) -> bool:
    found = [twin["deviceId"] for twin in answer.body]
    return found == [d1] and answer.headers["x-ms-item-type"] == "Twin" and "x-ms-continuation" not in answer.headers


SAS = '"authentication": {"symmetricKey": {"primaryKey": "", "secondaryKey": ""}, "type": "sas"}'
CREATE = '{"deviceId": "%s", "status": "enabled", ' + SAS + ', "capabilities": {"iotEdge": false}}'

REQUESTS = [
    # The capture's container was shortened; one that nobody has is refused at once.
    Captured(
        "Py export", f"POST /jobs/create?{VERSION}", 400, check=refused("BlobContainerValidationError", 400008),
        body='{"type": "export", "outputBlobContainerUri": "https://localhost/blobs/none?sig=none", "excludeKeysInExport": false}',
    ),
    Captured("CLI job list", f"GET /jobs?{CLI_VERSION}", 200, {"Accept": "application/json"}, check=lambda answer, _: isinstance(answer.body, list)),
    Captured("Py get", f"GET /devices/{{d1}}?{VERSION}", 200, check=identity),
    # Space and slash are outside the grammar (§14.5 item 4); what follows them round-trips below.
    Captured("Py create sas", f"PUT /devices/d%201%2F%23%25?{VERSION}", 400, body=CREATE % "d 1/#%", check=refused("ArgumentInvalid", 400004)),
    Captured("Py create sas, legal id", f"PUT /devices/{{d1}}%23%25?{VERSION}", 200, body=CREATE % "{d1}#%", check=lambda a, d1: identity(a, f"{d1}#%")),
    Captured("Py create sas, again", f"PUT /devices/{{d1}}?{VERSION}", 409, body=CREATE % "{d1}", check=refused("DeviceAlreadyExists", 409001)),
    Captured(
        "Py update, stale", f"PUT /devices/{{d1}}?{VERSION}", 412, {**PYTHON, "If-Match": '"AAA"'}, CREATE % "{d1}",
        refused("PreconditionFailed", 412001),
    ),
    Captured("Py update without etag", f"PUT /devices/{{d1}}?{VERSION}", 200, {**PYTHON, "If-Match": '"*"'}, CREATE % "{d1}", identity),
    Captured(
        "Py update, absent", f"PUT /devices/{{d1}}?{VERSION}", 404, {**PYTHON, "If-Match": '"*"'}, CREATE % "{d1}",
        refused("DeviceNotFound", 404001), exists=False,
    ),
    Captured("Py delete", f"DELETE /devices/{{d1}}?{VERSION}", 204, {"Accept": "application/json", "If-Match": '"*"', "Content-Length": "0"}, check=nothing),
    Captured(
        "Py module", f"PUT /devices/{{d1}}/modules/m1?{VERSION}", 200, check=module,
        body='{"moduleId": "m1", "deviceId": "{d1}", ' + SAS + "}",
    ),
    Captured(
        "Py twin patch", f"PATCH /twins/{{d1}}?{VERSION}", 200, {**PYTHON, "If-Match": '"AAAAAAAAAAE="'},
        '{"tags": {"a": 1}, "properties": {"desired": {"x": null, "y": 1}}}',
        lambda a, _: a.body["tags"] == {"a": 1} and a.body["properties"]["desired"]["y"] == 1 and "x" not in a.body["properties"]["desired"],
    ),
    Captured(
        "Py digital twin command",
        f"POST /digitaltwins/{{d1}}/commands/reboot?{VERSION}&connectTimeoutInSeconds=0&responseTimeoutInSeconds=20",
        404, body="5", check=offline,
    ),  # fmt: skip
    Captured("Py twin replace", f"PUT /twins/{{d1}}?{VERSION}", 200, {**PYTHON, "If-Match": '"*"'}, '{"tags": {}}', tags({})),
    Captured(
        "Py method", f"POST /twins/{{d1}}/methods?{VERSION}", 404, check=offline,
        body='{"methodName": "reboot", "payload": "", "responseTimeoutInSeconds": 30}',
    ),
    Captured(
        "Py bulk", f"POST /devices?{VERSION}", 200, check=applied, exists=False,
        body='[{"id": "{d1}", "importMode": "create", "status": "enabled"}]',
    ),
    Captured(
        "Py bulk, again", f"POST /devices?{VERSION}", 400, check=bulk_refused(409001),
        body='[{"id": "{d1}", "importMode": "create", "status": "enabled"}]',
    ),
    Captured("Py list", f"GET /devices?top=10&{VERSION}", 200, check=lambda a, d1: listed(a, d1) and len(a.body) <= 10),
    Captured(
        "Py query", f"POST /devices/query?{VERSION}", 200, {**PYTHON, "x-ms-max-item-count": "100"},
        '{"query": "SELECT * FROM devices WHERE deviceId = \'{d1}\'"}', twins,
    ),
    Captured(
        "Node create", f"PUT /devices/{{d1}}?{VERSION}", 200, NODE, check=identity, exists=False,
        body='{"deviceId":"{d1}","authentication":{"type":"sas",' + EMPTY_KEYS + "}}",
    ),
    Captured(
        "Node update", f"PUT /devices/{{d1}}?{VERSION}", 200, {**NODE, "If-Match": '"*"'},
        '{"deviceId":"{d1}","authentication":{"type":"sas"}}', identity,
    ),
    Captured("Node list", f"GET /devices/?{VERSION}", 200, {}, check=listed),
    Captured(
        "Node bulk add", f"POST /devices?{VERSION}", 200, NODE, check=applied, exists=False,
        body='[{"id":"{d1}","importMode":"create","authentication":{"type":"sas",' + EMPTY_KEYS + "}}]",
    ),
    Captured(
        "Node bulk update", f"POST /devices?{VERSION}", 400, NODE, check=bulk_refused(412001),
        body='[{"etag":"x","id":"{d1}","importMode":"UpdateIfMatchETag","authentication":{"type":"sas",' + EMPTY_KEYS + "}}]",
    ),
    Captured(
        "Node bulk remove", f"POST /devices?{VERSION}", 200, NODE, check=applied,
        body='[{"id":"{d1}","importMode":"Delete","authentication":{"type":"sas",' + EMPTY_KEYS + "}}]",
    ),
    Captured("Node twin patch", f"PATCH /twins/{{d1}}?{VERSION}", 200, {**NODE, "If-Match": '"*"'}, '{"tags":{"a":1}}', tags({"a": 1})),
    Captured(
        "Node method", f"POST /twins/{{d1}}/methods?{VERSION}", 404, NODE, check=offline,
        body='{"methodName":"reboot","responseTimeoutInSeconds":30,"connectTimeoutInSeconds":0,"payload":null}',
    ),
    Captured(
        "CLI create", f"PUT /devices/{{d1}}?{CLI_VERSION}", 200, check=identity, exists=False,
        body='{"deviceId": "{d1}", "status": "enabled", "authentication": {"symmetricKey": {}, "type": "sas"}, "capabilities": {"iotEdge": false}}',
    ),
    Captured(
        "CLI create edge", f"PUT /devices/{{d1}}?{CLI_VERSION}", 200, check=edge, exists=False,
        body='{"deviceId": "{d1}", "status": "enabled", "authentication": {"symmetricKey": {}, "type": "sas"}, "capabilities": {"iotEdge": true}, "parentScopes": []}',
    ),
    Captured(
        # It waits 30 s for the device in the capture; here nobody is to come.
        "CLI method", f"POST /twins/{{d1}}/methods?{CLI_VERSION}", 404, check=offline,
        body='{"methodName": "reboot", "payload": {}, "responseTimeoutInSeconds": 30, "connectTimeoutInSeconds": 1}',
    ),
    # §14.5 item 5: Azure IoT Explorer encodes the whole path.
    Captured(
        "Explorer query", f"POST /devices%2Fquery?{VERSION}", 200, {**PYTHON, "x-ms-max-item-count": "100"},
        '{"query": "SELECT * FROM devices WHERE deviceId = \'{d1}\'"}', twins,
    ),
    Captured("Explorer twin", f"GET /twins%2F{{d1}}?{VERSION}", 200, check=lambda a, d1: a.body["deviceId"] == d1),
    Captured(
        "Explorer delete", f"POST /devices%2F?{VERSION}", 200, check=applied,
        body='[{"id":"{d1}","importMode":"deleteIfMatchEtag","etag":"*"}]',
    ),
]  # fmt: skip


@pytest.fixture
def replay(hub, api):
    """Sends a request as it stands, without a library that knows better."""
    connection = http.client.HTTPConnection("127.0.0.1", hub.port, timeout=60)

    def send(request: str, headers: dict[str, str], body: str | None) -> Answer:
        method, target = request.split(" ", 1)
        connection.putrequest(method, target, skip_accept_encoding=True)
        connection.putheader("Authorization", api.authorization())
        data = None if body is None else body.encode()
        for name, value in headers.items():
            connection.putheader(name, value)
        if data is not None:
            connection.putheader("Content-Length", str(len(data)))
        connection.endheaders(data)
        response = connection.getresponse()
        return Answer(response.status, response.headers, response.read().decode())

    yield send
    connection.close()


@pytest.mark.parametrize("captured", REQUESTS, ids=lambda captured: captured.client)
def test_captured_request(api, replay, captured):
    d1 = f"d1-{uuid.uuid4().hex[:8]}"
    if captured.exists:
        api.create_device(d1)
    fill = lambda text: text and text.replace("{d1}", d1)  # noqa: E731
    try:
        answer = replay(fill(captured.request), captured.headers, fill(captured.body))
        assert answer.status == captured.status, f"{answer.status} {answer.text}"
        assert captured.check(answer, d1), f"{answer.headers}\n{answer.text}"
    finally:
        for device_id in (d1, f"{d1}%23%25"):
            api.delete(f"/devices/{device_id}", headers={"If-Match": "*"})


def test_a_node_update_without_keys_mints_new_ones(api, replay, device):
    before = api.device(device.device_id)["authentication"]["symmetricKey"]
    body = f'{{"deviceId":"{device.device_id}","authentication":{{"type":"sas"}}}}'
    answer = replay(f"PUT /devices/{device.device_id}?{VERSION}", {**NODE, "If-Match": '"*"'}, body)
    after = answer.body["authentication"]["symmetricKey"]
    assert not set(before.values()) & set(after.values())
