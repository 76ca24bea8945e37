"""The hub's service REST API by plain HTTP requests, with nothing between the test and the wire."""

import base64
import time
import uuid
from http.cookiejar import DefaultCookiePolicy
from typing import Any, Iterable
from urllib.parse import quote

import requests

from .tokens import ConnectionString, DeviceCredentials, token
from .waiting import eventually

API_VERSION = "2021-04-12"
# A long poll lasts up to 60 s; anything longer is a hang.
REQUEST_SECONDS = 90
# The server ends idle connections after 5 s. A request that crosses that on the wire would fail
# through nobody's fault, so an older connection is not used again.
REUSE_SECONDS = 2


def error_name(answer: requests.Response) -> str:
    """The name in `iothub-errorcode`, after checking that the body agrees with it (service.md §12.1)."""
    name = answer.headers.get("iothub-errorcode")
    assert name, f"{answer.status_code} without iothub-errorcode: {answer.text}"
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8", answer.headers
    return name


def assert_classic_error(answer: requests.Response, status: int, name: str) -> str:
    """Checks status, header and the classic envelope; gives the text behind the name."""
    assert answer.status_code == status, f"{answer.status_code} {answer.headers} {answer.text}"
    assert error_name(answer) == name, answer.text
    body = answer.json()
    assert body["Message"].startswith(f"ErrorCode:{name};"), body
    assert body["ExceptionMessage"].startswith("Tracking ID:"), body
    return body["Message"].split(";", 1)[1]


class RestApi:
    """Signed requests as one policy. Every method gives the plain answer; nothing is raised."""

    def __init__(
        self, base_url: str, owner: ConnectionString, host_name: str, ca_file: str | None = None, *, keep_alive: bool = True
    ):
        """Without `keep_alive`, each request has its own connection: on a loaded machine the server's
        idle timer may run out before it has read the next request that is already on its way."""
        self.base_url = base_url
        self.owner = owner
        self.host_name = host_name
        self._session = requests.Session()
        self._session.trust_env = False
        # Tests of the console's cookie send it themselves.
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self._session.verify = ca_file or True
        self._keep_alive = keep_alive
        self._last_used = 0.0

    def authorization(self) -> str:
        return token(quote(self.host_name, safe=""), self.owner.key, policy=self.owner.policy)

    def request(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        data: bytes | str | Iterable[bytes] | None = None,
        headers: dict[str, str] | None = None,
        parameters: dict[str, str] | None = None,
        api_version: str | None = API_VERSION,
        authorization: str | None = "signed",
        stream: bool = False,
    ) -> requests.Response:
        """One request; `path` goes out exactly as given."""
        all_headers = dict(headers or {})
        if authorization == "signed":
            all_headers["Authorization"] = self.authorization()
        elif authorization is not None:
            all_headers["Authorization"] = authorization
        query = dict(parameters or {})
        if api_version is not None and not path.startswith("/api/v1/"):
            query["api-version"] = api_version
        joined = "&".join(f"{name}={quote(value, safe='')}" if value else name for name, value in query.items())
        separator = "&" if "?" in path else "?"
        url = self.base_url + path + (separator + joined if joined else "")
        if not self._keep_alive or time.monotonic() - self._last_used > REUSE_SECONDS:
            self._session.close()
        try:
            return self._session.request(
                method, url, json=json, data=data, headers=all_headers, timeout=REQUEST_SECONDS, stream=stream
            )
        finally:
            self._last_used = time.monotonic()

    def get(self, path: str, **options: Any) -> requests.Response:
        return self.request("GET", path, **options)

    def put(self, path: str, **options: Any) -> requests.Response:
        return self.request("PUT", path, **options)

    def post(self, path: str, **options: Any) -> requests.Response:
        return self.request("POST", path, **options)

    def patch(self, path: str, **options: Any) -> requests.Response:
        return self.request("PATCH", path, **options)

    def delete(self, path: str, **options: Any) -> requests.Response:
        return self.request("DELETE", path, **options)

    # What nearly every test needs, with the success code checked.

    def create_device(self, device_id: str | None = None, **fields: Any) -> DeviceCredentials:
        """Registers a device and gives its credentials."""
        device_id = device_id or f"dev-{uuid.uuid4().hex[:12]}"
        answer = self.put(f"/devices/{quote(device_id, safe='')}", json={"deviceId": device_id, **fields})
        assert answer.status_code == 200, answer.text
        keys = answer.json()["authentication"]["symmetricKey"]
        return DeviceCredentials(self.host_name, device_id, keys["primaryKey"], keys["secondaryKey"])

    def create_module(self, device_id: str, module_id: str, **fields: Any) -> DeviceCredentials:
        """Registers a module and gives its credentials."""
        path = f"/devices/{quote(device_id, safe='')}/modules/{quote(module_id, safe='')}"
        answer = self.put(path, json={"deviceId": device_id, "moduleId": module_id, **fields})
        assert answer.status_code == 200, answer.text
        keys = answer.json()["authentication"]["symmetricKey"]
        return DeviceCredentials(self.host_name, device_id, keys["primaryKey"], keys["secondaryKey"], module_id)

    def device(self, device_id: str) -> dict:
        answer = self.get(f"/devices/{quote(device_id, safe='')}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def replace_device(self, device: dict) -> dict:
        answer = self.put(f"/devices/{device['deviceId']}", json=device, headers={"If-Match": "*"})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def set_status(self, device_id: str, status: str) -> dict:
        return self.replace_device({**self.device(device_id), "status": status})

    def delete_device(self, device_id: str) -> None:
        answer = self.delete(f"/devices/{quote(device_id, safe='')}", headers={"If-Match": "*"})
        assert answer.status_code == 204, answer.text

    def wait_for_state(self, device_id: str, state: str, seconds: float = 10) -> dict:
        """Waits until the registry shows `Connected` or `Disconnected`."""

        def look() -> dict | None:
            device = self.device(device_id)
            return device if device["connectionState"] == state else None

        return eventually(look, seconds, f"{device_id} is {state}")

    def twin(self, device_id: str) -> dict:
        answer = self.get(f"/twins/{quote(device_id, safe='')}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def patch_desired(self, device_id: str, desired: dict) -> dict:
        answer = self.patch(f"/twins/{device_id}", json={"properties": {"desired": desired}})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def call_method(self, device_id: str, name: str, payload: Any = None, *, response: int = 10, connect: int = 0) -> requests.Response:
        return self.post(
            f"/twins/{device_id}/methods",
            json={"methodName": name, "payload": payload, "responseTimeoutInSeconds": response, "connectTimeoutInSeconds": connect},
        )

    def send_to_device(self, device_id: str, body: bytes | str, headers: dict[str, str] | None = None) -> requests.Response:
        return self.post(f"/devices/{device_id}/messages/deviceBound", data=body, headers=headers)


class EventReader:
    """Reads the built-in endpoint forward from the moment it was made."""

    def __init__(self, api: RestApi, **filters: str):
        self._api = api
        self._filters = filters
        self._cursor = self._page("latest", wait=0, most=1)["cursor"]

    def _page(self, position: str, *, wait: int, most: int = 1000) -> dict:
        answer = self._api.get(
            "/api/v1/events", parameters={"from": position, "max": str(most), "wait": str(wait), **self._filters}
        )
        assert answer.status_code == 200, f"{answer.status_code} {answer.text}"
        return answer.json()

    def next_events(self, wait: int = 2) -> list[dict]:
        """What came since the last call; waits up to `wait` seconds for the first."""
        page = self._page(f"cursor:{self._cursor}", wait=wait)
        self._cursor = page["cursor"]
        assert page["gap"] is False, page
        return page["events"]

    def drain(self) -> list[dict]:
        """Everything that is there, page by page, without waiting."""
        events: list[dict] = []
        while page := self.next_events(wait=0):
            events += page
        return events

    def take(self, count: int, seconds: float = 15) -> list[dict]:
        """Exactly the next `count` events."""
        events: list[dict] = []
        deadline = time.monotonic() + seconds
        while len(events) < count:
            assert time.monotonic() < deadline, f"only {len(events)} of {count} events within {seconds:g} s: {events[-3:]}"
            events += self.next_events()
        assert len(events) == count, f"{len(events)} events instead of {count}: {events}"
        return events


def body_of(event: dict) -> bytes:
    """The body's bytes of an event that carries them as `bodyBase64`."""
    return base64.b64decode(event["bodyBase64"])
