"""2,000 devices at once through `device-sim`: all receive a desired change, none is dropped.

What the simulator says is checked against what the hub's own API shows.
"""

import json
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from conftest import PUBLIC_NAME
from harness.hub_process import ROOT, built_tool
from harness.rest import EventReader, RestApi
from harness.waiting import eventually

DEVICES = 2000
CALLERS = 8

pytestmark = pytest.mark.timeout(900)


def test_two_thousand_devices_receive_a_desired_change(hub, hub_event_routes, tmp_path):
    # Plain HTTP: TLS is checked elsewhere, and 2,000 requests need none.
    apis = [RestApi(hub.url, hub.owner, PUBLIC_NAME, keep_alive=False) for _ in range(CALLERS)]
    api = apis[0]
    names = [f"fleet-{number:04}" for number in range(1, DEVICES + 1)]
    connected_before = api.get("/statistics/service").json()["connectedDeviceCount"]
    states = EventReader(api, source="deviceConnectionStateEvents")
    output = tmp_path / "device-sim.jsonl"
    with open(output, "wb") as sink, open(tmp_path / "device-sim.log", "wb") as log:
        simulator = subprocess.Popen(
            [
                built_tool("SKERRY_DEVICE_SIM", "target/release/device-sim", "cargo build --release -p device-sim"), "run",
                "--connection-string", hub.owner.with_host(PUBLIC_NAME), "--url", hub.url, "--devices", str(DEVICES),
                "--prefix", "fleet", "--create", "--delete-after", "--interval", "60s", "--duration", "800s",
                "--expect-connected", "--expect-no-drops", "--expect-timeout", "600s",
                "--expect-desired", "telemetryConfig.configId=c-2000", "--json",
            ],
            cwd=ROOT, stdin=subprocess.DEVNULL, stdout=sink, stderr=log,
        )  # fmt: skip
    try:

        def running() -> str:
            return f"device-sim ended with {simulator.poll()}: {output.read_text()[-2000:]} {(tmp_path / 'device-sim.log').read_text()[-2000:]}"

        def connected() -> bool:
            assert simulator.poll() is None, running()
            return api.get("/statistics/service").json()["connectedDeviceCount"] == connected_before + DEVICES

        eventually(connected, 300, f"{DEVICES} devices are connected at once")

        def change(caller: RestApi, mine: list[str]) -> None:
            for name in mine:
                caller.patch_desired(name, {"telemetryConfig": {"configId": "c-2000", "interval": 45}})

        started = time.monotonic()
        with ThreadPoolExecutor(CALLERS) as callers:
            for done in [callers.submit(change, caller, names[at::CALLERS]) for at, caller in enumerate(apis)]:
                done.result()

        waiting = set(names)

        def everyone_applied_it() -> bool:
            assert simulator.poll() is None, running()
            for name in sorted(waiting)[:200]:
                reported = api.twin(name)["properties"]["reported"].get("telemetryConfig", {})
                if reported.get("configId") != "c-2000" or reported.get("status") != "Success":
                    return False
                waiting.discard(name)
            return not waiting

        eventually(everyone_applied_it, 240, f"all {DEVICES} devices report the change as applied")
        took = time.monotonic() - started
        assert connected(), "a device was dropped on the way"
        ended = [event for event in states.drain() if event["applicationProperties"]["opType"] == "deviceDisconnected"]
        fleet_ended = [event["deviceId"] for event in ended if event["deviceId"] in set(names)]
        assert not fleet_ended, f"the hub saw connections end: {fleet_ended[:10]}"
        print(f"{DEVICES} desired changes written, received and reported in {took:.1f} s")
    finally:
        if simulator.poll() is None:
            simulator.send_signal(signal.SIGINT)
        code = simulator.wait(300)
    assert code == 0, running()
    last = json.loads(output.read_text().splitlines()[-1])
    assert isinstance(last, dict) and last
    eventually(
        lambda: api.get("/statistics/service").json()["connectedDeviceCount"] == connected_before, 60, "all devices have left"
    )
