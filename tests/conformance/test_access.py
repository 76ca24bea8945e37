"""Accounts, sessions, API tokens, roles and approvals over real HTTP (device-management.md §6, R13)."""

import uuid
from typing import Any, Callable, Iterator

import pytest
import requests

from conftest import PUBLIC_NAME
from harness.hub_process import HubProcess
from harness.rest import RestApi, assert_classic_error
from harness.tokens import token
from harness.waiting import eventually

PASSWORD = "a long enough passphrase"
CONSOLE = {"X-Skerry-Console": "1"}


class Someone:
    """Who shows a cookie or an API token instead of the owner's key."""

    def __init__(self, api: RestApi, headers: dict[str, str], name: str = ""):
        self.api, self.headers, self.name = api, headers, name

    def __call__(self, method: str, path: str, headers: dict[str, str] | None = None, **options: Any) -> requests.Response:
        return self.api.request(method, path, headers={**self.headers, **(headers or {})}, authorization=None, **options)


def sign_in(api: RestApi, name: str, password: str) -> requests.Response:
    return Someone(api, CONSOLE)("POST", "/api/v1/session", json={"name": name, "password": password})


def new_account(api: RestApi, role: str, scope: str | None = None) -> Someone:
    """Somebody with a new account, signed in."""
    name = f"{role}-{uuid.uuid4().hex[:8]}"
    answer = api.put(f"/api/v1/accounts/{name}", json={"role": role, "scope": scope, "password": PASSWORD})
    assert answer.status_code == 201, answer.text
    signed_in = sign_in(api, name, PASSWORD)
    assert signed_in.status_code == 200, signed_in.text
    return Someone(api, {**CONSOLE, "Cookie": signed_in.headers["Set-Cookie"].split(";")[0]}, name)


@pytest.fixture
def account(api: RestApi) -> Iterator[Callable[..., Someone]]:
    """Makes accounts that are signed in; they are deleted afterwards."""
    made = []

    def make(role: str, scope: str | None = None) -> Someone:
        someone = new_account(api, role, scope)
        made.append(someone.name)
        return someone

    yield make
    for name in made:
        api.delete(f"/api/v1/accounts/{name}", headers={"If-Match": "*"})


@pytest.fixture
def own_hub(tmp_path) -> Iterator[HubProcess]:
    """A hub that may crash."""
    hub = HubProcess(tmp_path / "hub", [PUBLIC_NAME])
    hub.start()
    yield hub
    hub.stop()


def test_a_password_opens_a_session_that_page_scripts_cannot_read(api, account):
    viewer = account("viewer")
    cookie = sign_in(api, viewer.name, PASSWORD).headers["Set-Cookie"]
    for part in ("HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=43200"):
        assert part in cookie, cookie
    session = viewer("GET", "/api/v1/session").json()
    assert (session["name"], session["role"]) == (viewer.name, "viewer")
    refused = sign_in(api, viewer.name, "a wrong passphrase")
    assert_classic_error(refused, 401, "IotHubUnauthorizedAccess")
    assert "Set-Cookie" not in refused.headers

    assert viewer("DELETE", "/api/v1/session").status_code == 204
    assert viewer("GET", "/api/v1/session").status_code == 401, "the cookie itself is of no use any more"


def test_another_site_gets_nothing_with_the_cookie(api, account):
    operator = account("operator")
    without_header = {name: value for name, value in operator.headers.items() if name == "Cookie"}
    stranger = Someone(api, without_header)
    assert stranger("DELETE", "/api/v1/session").status_code == 403
    assert operator("DELETE", "/api/v1/session", headers={"Origin": "https://evil.example"}).status_code == 403
    assert operator("GET", "/api/v1/session").status_code == 200, "nobody was signed out"
    other_site = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
                  "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==", "Origin": "https://evil.example"}
    assert operator("GET", "/api/v1/events/ws", headers=other_site).status_code == 403


def test_an_api_token_works_until_it_is_deleted(api):
    name = f"ci-{uuid.uuid4().hex[:8]}"
    made = api.post("/api/v1/api-tokens", json={"name": name, "role": "viewer", "days": 30}).json()
    script = Someone(api, {"Authorization": f"Bearer {made['token']}"})
    assert script("GET", "/devices").status_code == 200
    assert script("PUT", "/devices/x", json={"deviceId": "x"}).status_code == 403

    def listed() -> dict | None:
        tokens = api.get("/api/v1/api-tokens").json()["items"]
        return next((token for token in tokens if token["name"] == name), None)

    assert listed()["lastUsedAt"] and made["token"] not in str(listed())
    assert api.delete(f"/api/v1/api-tokens/{made['id']}").status_code == 204
    assert script("GET", "/devices").status_code == 401
    assert listed() is None


def test_a_scope_hides_the_other_devices(api, account):
    site = f"s{uuid.uuid4().hex[:8]}"
    inside, outside = api.create_device(), api.create_device()
    api.patch(f"/twins/{inside.device_id}", json={"tags": {"site": site}})
    operator = account("operator", f"tags.site = '{site}'")
    assert operator("GET", f"/twins/{inside.device_id}").status_code == 200
    hidden = operator("GET", f"/twins/{outside.device_id}")
    assert_classic_error(hidden, 404, "DeviceNotFound")
    found = operator("POST", "/devices/query", json={"query": "SELECT deviceId FROM devices"}).json()
    assert found == [{"deviceId": inside.device_id}]
    browsed = operator("GET", "/api/v1/devices").json()
    assert ([one["deviceId"] for one in browsed["items"]], browsed["total"]) == ([inside.device_id], 1)
    assert operator("GET", "/api/v1/overview").status_code == 403
    # What was out of sight comes into it with its tag, at once.
    api.patch(f"/twins/{outside.device_id}", json={"tags": {"site": site}})
    assert operator("GET", f"/twins/{outside.device_id}").status_code == 200
    for one in (inside, outside):
        api.delete_device(one.device_id)


# A row per group of endpoints: the verb, the path, a body, and what viewer, operator, supervisor
# and admin may do: Y (not refused), r (asks for approval), - (403).
MATRIX = [
    ("GET", "/devices", None, "YYYY"),
    ("GET", "/twins/{id}", None, "YYYY"),
    ("GET", "/jobs/v2/query", None, "YYYY"),
    ("GET", "/configurations", None, "YYYY"),
    ("GET", "/statistics/devices", None, "YYYY"),
    ("GET", "/api/v1/events?max=1", None, "YYYY"),
    ("GET", "/api/v1/progress?", None, "YYYY"),
    ("GET", "/api/v1/alerts", None, "YYYY"),
    ("GET", "/api/v1/reports/fleet", None, "YYYY"),
    ("POST", "/devices/query", {"query": "SELECT * FROM devices WHERE deviceId = 'none'"}, "YYYY"),
    ("POST", "/api/v1/alerts/999999/ack", {}, "-YYY"),
    ("PATCH", "/twins/{id}", {"tags": {"seen": 1}}, "-YYY"),
    ("POST", "/devices/{id}/messages/deviceBound", {}, "-YYY"),
    ("DELETE", "/devices/{id}/commands", None, "-YYY"),
    ("POST", "/twins/{id}/methods", {"methodName": "blink", "connectTimeoutInSeconds": 0}, "-YYY"),
    ("POST", "/twins/{id}/methods", {"methodName": "reboot", "connectTimeoutInSeconds": 0}, "-rYY"),
    ("POST", "/twins/{id}/methods", {"methodName": "factoryReset", "connectTimeoutInSeconds": 0}, "-rYY"),
    ("PUT", "/devices/{new}", {"deviceId": "{new}"}, "-YYY"),
    ("DELETE", "/devices/{gone}", None, "-rYY"),
    ("POST", "/api/v1/devices/{gone}/retire", {"reason": "endOfLife"}, "-rYY"),
    ("PUT", "/configurations/{new}", {}, "--YY"),
    ("PUT", "/api/v1/routes/{new}", {}, "--YY"),
    ("PUT", "/api/v1/groups/{new}", {}, "--YY"),
    ("GET", "/api/v1/audit/verify", None, "--YY"),
    ("GET", "/api/v1/audit", None, "YYYY"),
    ("PUT", "/api/v1/maintenance-policies/{new}", {}, "---Y"),
    ("PUT", "/api/v1/alert-rules/{new}", {}, "---Y"),
    ("PUT", "/api/v1/throttles", {"units": -1}, "---Y"),
    ("GET", "/api/v1/accounts", None, "---Y"),
    ("POST", "/api/v1/api-tokens", {}, "---Y"),
    ("GET", "/api/v1/policies", None, "---Y"),
    ("POST", "/api/v1/policies/iothubowner/regenerate", {}, "---Y"),
]


def test_r13_each_role_may_do_exactly_what_the_matrix_says(api, account, device):
    roles = {role: account(role) for role in ("viewer", "operator", "supervisor", "admin")}
    wrong = []
    for method, path, body, row in MATRIX:
        for (role, someone), cell in zip(roles.items(), row):
            new = f"new-{uuid.uuid4().hex[:8]}"
            place = path.format(id=device.device_id, new=new, gone="not-there-at-all")
            sent = {key: new if value == "{new}" else value for key, value in body.items()} if body is not None else None
            answer = someone(method, place, json=sent, headers={"If-Match": "*"} if method == "DELETE" else {})
            seen = {202: "r", 403: "-"}.get(answer.status_code, "Y")
            if "retire" in path and seen == "r" and "approvalId" not in answer.json():
                seen = "Y"
            if seen != cell:
                wrong.append(f"{role} {method} {place}: {answer.status_code} {answer.text}")
            if method == "PUT" and path.startswith("/devices/") and answer.status_code == 200:
                api.delete_device(new)
    assert not wrong, "\n".join(wrong)
    own = roles["viewer"]("GET", "/api/v1/audit").json()["records"]
    assert {record["actor"] for record in own} <= {f"person:{roles['viewer'].name}"}


def test_r13_an_operators_reboot_of_5000_devices_becomes_a_pending_approval(own_hub):
    api = RestApi(own_hub.url, own_hub.owner, PUBLIC_NAME, keep_alive=False)
    api.put("/api/v1/throttles", json={"units": 1_000})
    for start in range(0, 5_000, 100):
        made = api.post("/devices", json=[{"id": f"pump-{number}", "importMode": "create"} for number in range(start, start + 100)])
        assert made.json()["isSuccessful"], made.text
    operator, supervisor = new_account(api, "operator"), new_account(api, "supervisor")
    job = f"reboot-{uuid.uuid4().hex[:8]}"
    asked = operator("PUT", f"/jobs/v2/{job}", json={
        "type": "scheduleDeviceMethod",
        "cloudToDeviceMethod": {"methodName": "reboot", "responseTimeoutInSeconds": 5, "connectTimeoutInSeconds": 0},
        "queryCondition": "*",
        "maxExecutionTimeInSeconds": 30,
    })
    assert asked.status_code == 202, asked.text
    approval = asked.json()["approvalId"]
    assert api.get(f"/jobs/v2/{job}").json()["status"] == "unknown"
    assert operator("POST", f"/api/v1/approvals/{approval}/approve", json={}).status_code == 403

    # What waits survives a crash, and so does who is signed in.
    own_hub.kill_workerd()
    own_hub.start()
    api.base_url = own_hub.url
    pending = supervisor("GET", f"/api/v1/approvals/{approval}").json()
    assert (pending["state"], pending["requestedBy"]) == ("pending", f"person:{operator.name}")
    done = supervisor("POST", f"/api/v1/approvals/{approval}/approve", json={"note": "window is open"})
    assert done.status_code == 200, done.text
    assert done.json()["outcome"]["status"] == 200, done.text
    eventually(
        lambda: api.get(f"/jobs/v2/{job}").json()["deviceJobStatistics"]["deviceCount"] == 5_000, 30, "the job has its devices"
    )
    created = api.get("/api/v1/audit", parameters={"action": "createJob"}).json()["records"]
    assert created[0]["actor"] == f"person:{operator.name}"
    decided = api.get("/api/v1/audit", parameters={"action": "decideApproval"}).json()["records"]
    assert decided[0]["actor"] == f"person:{supervisor.name}"


def test_a_new_key_of_a_policy_is_in_force_at_once_and_the_old_one_is_not(api):
    name = f"reader-{uuid.uuid4().hex[:8]}"
    made = api.put(f"/api/v1/policies/{name}", json={"rights": "RegistryRead"}).json()["items"]
    before = next(policy for policy in made if policy["name"] == name)

    def read(key: str) -> int:
        shown = token(PUBLIC_NAME, key, policy=name)
        return api.get("/devices", authorization=shown).status_code

    assert [read(before["primaryKey"]), read(before["secondaryKey"])] == [200, 200]
    made = api.post(f"/api/v1/policies/{name}/regenerate", json={"key": "primary"}).json()["items"]
    after = next(policy for policy in made if policy["name"] == name)
    assert [read(before["primaryKey"]), read(after["primaryKey"]), read(after["secondaryKey"])] == [401, 200, 200]
    assert api.delete(f"/api/v1/policies/{name}").status_code == 200
    assert read(after["primaryKey"]) == 401


def test_who_guesses_has_to_wait(own_hub):
    api = RestApi(own_hub.url, own_hub.owner, PUBLIC_NAME, keep_alive=False)
    viewer = new_account(api, "viewer")
    answers = [sign_in(api, viewer.name, "a wrong passphrase").status_code for _ in range(10)]
    assert answers == [401] * 10
    refused = sign_in(api, viewer.name, PASSWORD)
    assert refused.status_code == 429, refused.text
    assert 60 < int(refused.headers["Retry-After"]) <= 900
    assert viewer("GET", "/api/v1/session").status_code == 200, "who is signed in stays so"
