"""Throttles (service.md §16): a back end that asks too often is told when to come back, devices notice nothing."""

import threading
import time

import pytest
from azure.iot.hub import IoTHubRegistryManager
from msrest.exceptions import HttpOperationError

from conftest import PUBLIC_NAME
from harness.hub_process import HubProcess
from harness.load import Sender
from harness.rest import RestApi, assert_classic_error
from harness.waiting import eventually

# A hundred calls at once, and one a second.
PER_MINUTE, BURST = 60, 100
CALLS = 10 * BURST


@pytest.fixture(scope="module")
def strict_hub(tmp_path_factory: pytest.TempPathFactory):
    """A hub for itself, so that its limits get into nobody's way."""
    hub = HubProcess(tmp_path_factory.mktemp("strict"), [PUBLIC_NAME])
    hub.start()
    yield hub
    hub.stop()


@pytest.fixture
def owner(strict_hub: HubProcess) -> RestApi:
    return RestApi(strict_hub.url, strict_hub.owner, PUBLIC_NAME, keep_alive=False)


def limit(owner: RestApi, **classes: tuple[int, int]) -> None:
    overrides = {name: {"perMinute": rate, "burst": burst} for name, (rate, burst) in classes.items()}
    answer = owner.put("/api/v1/throttles", json={"units": 1, "overrides": overrides})
    assert answer.status_code == 200, answer.text
    assert answer.json()["overrides"].keys() == classes.keys()


def test_rates_are_those_of_one_s3_unit_until_somebody_changes_them(owner: RestApi):
    rates = owner.get("/api/v1/throttles").json()["rates"]
    per_minute = {name: rate["perMinute"] for name, rate in rates.items()}
    assert per_minute == {
        "identityRegistry": 5_000, "newConnections": 6_000 * 60, "d2cSends": 6_000 * 60, "c2dSends": 5_000,
        "c2dReceives": 50_000, "fileUploads": 5_000, "queries": 1_000, "directMethods": 6_144 * 60,
        "twinReads": 500 * 60, "twinUpdates": 250 * 60, "jobs": 5_000, "configurations": 20,
        "jobDeviceOperations": 10_000 * 60,
    }  # fmt: skip
    answer = owner.put("/api/v1/throttles", json={"overrides": {"queries": {"perMinute": 0, "burst": 1}}})
    assert_classic_error(answer, 400, "ArgumentInvalid")
    answer = owner.put("/api/v1/throttles", json={"overrides": {"nonsense": {"perMinute": 1, "burst": 1}}})
    assert "nonsense" in assert_classic_error(answer, 400, "ArgumentInvalid")
    answer = owner.put("/api/v1/throttles", json={"units": 3})
    assert answer.json()["rates"]["queries"]["perMinute"] == 3_000


def test_r42_registry_calls_get_429_with_a_time_and_telemetry_goes_on(strict_hub: HubProcess, owner: RestApi):
    device = owner.create_device()
    sender = Sender(strict_hub, device)
    sender.start()
    try:
        eventually(lambda: sender.answered > 100, 30, "messages are acknowledged")
        limit(owner, identityRegistry=(PER_MINUTE, BURST))
        before, begun = sender.answered, time.monotonic()
        answers = [owner.get(f"/devices/{device.device_id}") for _ in range(CALLS)]
        seconds = time.monotonic() - begun
        passed = sum(answer.status_code == 200 for answer in answers)
        assert BURST <= passed <= BURST + seconds * PER_MINUTE / 60 + 1
        refused = [answer for answer in answers if answer.status_code != 200]
        for answer in refused:
            assert "Wait" in assert_classic_error(answer, 429, "ThrottlingException")
            assert 1 <= int(answer.headers["Retry-After"]) <= 60
        assert len(refused) + passed == CALLS
        assert sender.is_alive(), "the device was dropped"
        assert sender.answered - before > 100, "messages go on to be acknowledged"
        assert owner.get(f"/twins/{device.device_id}").status_code == 200, "other classes have their own limits"
    finally:
        sender.stopped.set()
        sender.join(30)


def test_the_python_registry_client_sees_the_error_and_succeeds_after_the_wait(
    strict_hub: HubProcess, owner: RestApi, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", strict_hub.ca_file)
    limit(owner, identityRegistry=(12, 1))
    name = f"localhost:{strict_hub.https_port}"
    registry = IoTHubRegistryManager.from_connection_string(strict_hub.owner.with_host(name))
    first = eventually(lambda: owner.get("/devices?top=1"), 10, "a list")
    assert first.status_code == 200
    # The client itself waits out `Retry-After` and asks again.
    begun = time.monotonic()
    assert registry.get_service_statistics() is not None
    assert time.monotonic() - begun > 3, "it had to wait for one of twelve calls a minute"
