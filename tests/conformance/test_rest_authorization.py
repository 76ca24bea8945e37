"""Service tokens and who may do what (service.md §2, §14.5 item 1)."""

from urllib.parse import quote

import pytest
import requests

from harness.rest import RestApi, assert_classic_error
from harness.tokens import sign, token


def assert_unauthorized(answer: requests.Response) -> None:
    """service.md §2.4: one shape for every reason."""
    text = assert_classic_error(answer, 401, "IotHubUnauthorizedAccess")
    assert text == "Unauthorized"


@pytest.mark.parametrize(
    ("resource", "key", "expiry", "policy", "signature"),
    [
        ("myhub.azure-devices.net", "c2VjcmV0a2V5c2VjcmV0a2V5c2VjcmV0a2V5", "1893456000", "iothubowner", "B6p3ToYDQc7HzGoqdxWP9MLzI2qpu9fOYL8CZL2DYdA="),
        ("localhost%3A28443", "c2VjcmV0a2V5c2VjcmV0a2V5c2VjcmV0a2V5", "1893456000", "iothubowner", "6wcK9kJupztbfcNablIs7NI4Dabv+/eRhWYl/k/1j4M="),
        ("localhost:28443", "c2VjcmV0a2V5c2VjcmV0a2V5c2VjcmV0a2V5", "1893456000", "iothubowner", "jkg/c2evGjo4HZel+qcBxDmWMzpAQJp6uAsN7NzEmMQ="),
        ("myhub.azure-devices.net%2Fdevices%2Fdev1", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", "1900000000", None, "2/bbVukbBxhdR4aRdJgLLhQzyetTcv8yWMS4N9W7HVY="),
    ],
    ids=["Python and Node", "Python with a port", "Node with a port", "device"],
)  # fmt: skip
def test_our_signatures_match_the_contracts_vectors(resource, key, expiry, policy, signature):
    # Guards the tests themselves: their signer must agree with the real SDKs.
    assert sign(resource, expiry, key) == signature


class TestTokens:
    """Tokens against `GET /statistics/devices`."""

    @pytest.fixture
    def with_token(self, api):
        return lambda value: api.get("/statistics/devices", authorization=value)

    def test_four_makers(self, with_token, api, hub):
        """The forms of the vectors, signed with this hub's key."""
        key, expiry = hub.owner.key, "4102444800"
        port_raw, port_escaped = f"localhost:{hub.https_port}", f"localhost%3A{hub.https_port}"
        for raw, order, safe in (
            (api.host_name, ("sig", "se", "skn"), ""),
            (api.host_name, ("sig", "skn", "se"), ""),
            (port_escaped, ("sig", "se", "skn"), "/"),
            (port_raw, ("sig", "se", "skn"), ""),
        ):
            fields = {"sig": quote(sign(raw, expiry, key), safe=safe), "se": expiry, "skn": "iothubowner"}
            rest = "&".join(f"{name}={fields[name]}" for name in order)
            answer = with_token(f"SharedAccessSignature sr={raw}&{rest}")
            assert answer.status_code == 200, (raw, order, answer.text)

    def test_lower_case_escapes_and_host_in_capitals(self, with_token, api, hub):
        for raw in (quote(api.host_name + "/", safe="").replace("%2F", "%2f"), api.host_name.upper()):
            assert with_token(token(raw, hub.owner.key, policy="iothubowner")).status_code == 200, raw

    def test_scope_is_a_segment_prefix_of_the_path(self, api, hub, device):
        def get(scope: str) -> requests.Response:
            raw = quote(f"{api.host_name}{scope}", safe="")
            return api.get(f"/devices/{device.device_id}", authorization=token(raw, hub.owner.key, policy="iothubowner"))

        assert get("/devices").status_code == 200
        assert get(f"/devices/{device.device_id}").status_code == 200
        assert_unauthorized(get(f"/devices/{device.device_id[:-1]}"))
        assert_unauthorized(get("/twins"))

    def test_everything_wrong_is_401(self, with_token, api, hub, device):
        key, host = hub.owner.key, api.host_name
        good = token(host, key, policy="iothubowner")
        start = good.index("sig=") + 4
        flipped = good[:start] + ("A" if good[start] != "A" else "B") + good[start + 1 :]
        for bad in (
            None,
            "",
            flipped,
            token(host, key, policy="iothubowner", lifetime=-310),
            token(host, key, policy="nobody"),
            token(host, key),
            token("otherhub.azure-devices.net", key, policy="iothubowner"),
            device.token(),
            good.replace("SharedAccessSignature", "Bearer"),
            good.replace("sr=", "rs="),
        ):
            assert_unauthorized(with_token(bad))

    def test_skew_of_five_minutes(self, with_token, api, hub):
        assert with_token(token(api.host_name, hub.owner.key, policy="iothubowner", lifetime=-290)).status_code == 200


def test_other_names_of_the_hub_are_good_for_tokens_too(hub, loopback_address):
    for name in ("localhost", "127.0.0.1", loopback_address):
        other = RestApi(f"https://localhost:{hub.https_port}", hub.owner, name, hub.ca_file)
        assert other.get("/statistics/devices").status_code == 200, name


def test_401_tells_nothing_about_what_exists(api, device):
    existing = api.get(f"/devices/{device.device_id}", authorization=None)
    absent = api.get("/devices/no-such-device", authorization=None)
    assert_unauthorized(existing)
    assert_unauthorized(absent)
    assert existing.json()["Message"] == absent.json()["Message"]


def test_events_need_a_token(api):
    for path in ("/api/v1/events", "/api/v1/events/info", "/api/v1/events/stream"):
        assert api.get(path, authorization=None).status_code == 401, path
