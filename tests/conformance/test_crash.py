"""kill -9 of workerd under load, restart on the same data: what was acknowledged is there.

On a hub of its own, with two rounds of telemetry, desired changes and a Python SDK device that has to
find its way back by itself.
"""

import threading
import time
from collections import Counter

import pytest

from conftest import PUBLIC_NAME
from harness import wire as w
from harness.hub_process import HubProcess
from harness.python_device import PythonDevice
from harness.relay import Relay
from harness.rest import RestApi, body_of
from harness.waiting import eventually, let_time_pass

SENDERS = 8
LOAD_SECONDS = 4

pytestmark = pytest.mark.timeout(400)


class Sender(threading.Thread):
    """A device that sends numbered telemetry with a window of 16 and remembers what was acknowledged."""

    def __init__(self, hub: HubProcess, device, first: int):
        super().__init__(daemon=True)
        self._port = hub.port
        self._device = device
        self._next = first
        self.acknowledged: set[int] = set()
        self.stopped = threading.Event()

    def run(self) -> None:
        topic = f"devices/{self._device.device_id}/messages/events/"
        in_flight: dict[int, int] = {}
        try:
            wire = w.Wire(("127.0.0.1", self._port))
            wire.open_session(w.connect(self._device.client_id, self._device.user_name, self._device.token()))
            while not self.stopped.is_set():
                while len(in_flight) < 16:
                    packet_id = self._next % 65_535 + 1
                    wire.send(w.publish(topic, str(self._next).encode(), qos=1, packet_id=packet_id))
                    in_flight[packet_id] = self._next
                    self._next += 1
                self.acknowledged.add(in_flight.pop(wire.expect(w.PUBACK).packet_id))
        except (w.ConnectionClosed, OSError, TimeoutError):
            # The hub is gone, which is what this test is about.
            return

    @property
    def next_number(self) -> int:
        return self._next


class Changer(threading.Thread):
    """An operator who changes one desired property over and over and remembers the versions answered."""

    def __init__(self, api: RestApi, device_id: str):
        super().__init__(daemon=True)
        self._api = api
        self._device_id = device_id
        self.versions: list[int] = []
        self.stopped = threading.Event()

    def run(self) -> None:
        counter = 0
        while not self.stopped.is_set():
            counter += 1
            try:
                answer = self._api.patch(f"/twins/{self._device_id}", json={"properties": {"desired": {"n": counter}}})
            except OSError:
                return
            if answer.status_code == 200:
                self.versions.append(answer.json()["properties"]["desired"]["$version"])


def read_everything(api: RestApi) -> list[dict]:
    """All telemetry of all partitions, from the oldest on."""
    events: list[dict] = []
    for partition in api.get("/api/v1/events/info").json()["partitions"]:
        position = "earliest"
        while True:
            answer = api.get(
                "/api/v1/events", parameters={"from": position, "partition": str(partition["id"]), "max": "1000", "wait": "0"}
            )
            assert answer.status_code == 200, answer.text
            page = answer.json()
            assert page["gap"] is False
            events += page["events"]
            if not page["events"]:
                break
            position = f"cursor:{page['cursor']}"
    return events


@pytest.fixture
def crash_hub(tmp_path):
    hub = HubProcess(tmp_path / "hub", [PUBLIC_NAME])
    hub.start()
    yield hub
    hub.stop()


def plain_api(hub: HubProcess) -> RestApi:
    """Over the plain port, as the load needs no TLS."""
    return RestApi(hub.url, hub.owner, PUBLIC_NAME)


def test_acknowledged_means_stored_across_kill_9(crash_hub):
    hub = crash_hub
    api = plain_api(hub)
    devices = [api.create_device(f"crash-{number}") for number in range(SENDERS)]
    watched = api.create_device("crash-sdk")
    ca_text = open(hub.ca_file).read()
    sdk = PythonDevice(watched, Relay(("127.0.0.1", hub.https_port), proxy=True), ca_text)
    sdk.receive_patches()
    sdk.receive_messages()
    assert sdk.client.connected
    first_owner = hub.ready["connectionString"]

    acknowledged: dict[str, set[int]] = {device.device_id: set() for device in devices}
    next_number = {device.device_id: 0 for device in devices}
    versions: list[int] = []
    try:
        for _ in range(2):
            senders = [Sender(hub, device, next_number[device.device_id]) for device in devices]
            changer = Changer(plain_api(hub), watched.device_id)
            for thread in (*senders, changer):
                thread.start()
            let_time_pass(LOAD_SECONDS, "the load runs before the crash")
            assert all(thread.is_alive() for thread in senders), "a sender was dropped before the crash"
            before_kill = time.monotonic()
            code = hub.kill_workerd()
            assert code == 1, f"the launcher must say that workerd died, it ended with {code}:\n{hub.log_tail()}"
            for thread in (*senders, changer):
                thread.stopped.set()
                thread.join(30)
                assert not thread.is_alive()
            assert time.monotonic() - before_kill < 60
            for sender, device in zip(senders, devices, strict=True):
                assert len(sender.acknowledged) > 50, "too little load to prove anything"
                acknowledged[device.device_id] |= sender.acknowledged
                next_number[device.device_id] = sender.next_number
            assert len(changer.versions) > 5
            versions += changer.versions
            sdk.wait_connected(False, 10)

            hub.start()
            api = plain_api(hub)
            assert hub.ready["connectionString"] == first_owner, "keys belong to the data folder"
            sdk.wait_connected(True, 90)
            assert api.send_to_device(watched.device_id, b"after the crash").status_code == 204
            eventually(lambda: sdk.messages, 15, "the SDK device gets messages again without being touched")
            sdk.messages.clear()
            twin = api.twin(watched.device_id)
            assert twin["properties"]["desired"]["$version"] >= versions[-1], "an answered change was lost"

        assert len(set(versions)) == len(versions), "a $version repeated"
        assert versions == sorted(versions)

        events = read_everything(api)
        positions = Counter((event["partition"], event["sequenceNumber"]) for event in events)
        assert all(count == 1 for count in positions.values()), "a sequence number repeated"
        for partition in {event["partition"] for event in events}:
            numbers = [event["sequenceNumber"] for event in events if event["partition"] == partition]
            assert numbers == sorted(numbers)
        for device in devices:
            stored = [
                int(body_of(event)) for event in events if event["deviceId"] == device.device_id and event["source"] == "Telemetry"
            ]
            lost = acknowledged[device.device_id] - set(stored)
            assert not lost, f"{device.device_id}: acknowledged but not stored: {sorted(lost)[:10]}"
            assert len(stored) == len(set(stored)), "a message was stored twice"
            assert stored == sorted(stored), "a device's messages changed their order"
    finally:
        sdk.close()


def test_stop_and_start_keep_everything(crash_hub):
    hub = crash_hub
    api = plain_api(hub)
    device = api.create_device("kept")
    api.patch_desired("kept", {"a": 1})
    assert api.send_to_device("kept", b"waiting").status_code == 204
    with w.Wire(("127.0.0.1", hub.port)) as wire:
        wire.open_session(w.connect(device.client_id, device.user_name, device.token()))
        wire.grant(("$iothub/twin/res/#", 0))
        wire.send(w.publish("devices/kept/messages/events/", b"stored", qos=1))
        wire.expect(w.PUBACK)
    before = api.twin("kept")
    assert hub.stop() == 0

    hub.start()
    api = plain_api(hub)
    after = api.twin("kept")
    for field in ("etag", "deviceEtag", "version", "tags", "properties"):
        assert after[field] == before[field], field
    assert api.device("kept")["connectionState"] == "Disconnected"
    assert api.device("kept")["cloudToDeviceMessageCount"] == 1
    assert b"stored" in [body_of(event) for event in read_everything(api) if event["source"] == "Telemetry"]
    with w.Wire(("127.0.0.1", hub.port)) as wire:
        assert wire.open_session(w.connect(device.client_id, device.user_name, device.token())), "the session is kept"
