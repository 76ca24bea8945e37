"""kill -9 of workerd under load, restart on the same data: what was acknowledged is there.

On a hub of its own, with two rounds of telemetry, desired changes and a Python SDK device that has to
find its way back by itself.
"""

import time
from collections import Counter

import pytest

from conftest import PUBLIC_NAME
from harness import wire as w
from harness.hub_process import HubProcess
from harness.python_device import PythonDevice
from harness.relay import Relay
from harness.rest import RestApi, body_of
from harness.load import Changer, Sender
from harness.waiting import eventually

SENDERS = 8
# What must have been answered before each crash: enough to prove something.
MESSAGES_OF_EACH = 200
CHANGES = 10

pytestmark = pytest.mark.timeout(400)


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
    return RestApi(hub.url, hub.owner, PUBLIC_NAME, keep_alive=False)


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

            def loaded() -> bool:
                assert all(thread.is_alive() for thread in (*senders, changer)), "dropped before the crash"
                return len(changer.versions) >= CHANGES and all(
                    len(sender.acknowledged) >= MESSAGES_OF_EACH for sender in senders
                )

            eventually(loaded, 60, "the hub is under load")
            before_kill = time.monotonic()
            code = hub.kill_workerd()
            assert code == 1, f"the launcher must say that workerd died, it ended with {code}:\n{hub.log_tail()}"
            for thread in (*senders, changer):
                thread.stopped.set()
                thread.join(30)
                assert not thread.is_alive()
            assert time.monotonic() - before_kill < 60
            for sender, device in zip(senders, devices, strict=True):
                acknowledged[device.device_id] |= sender.acknowledged
                next_number[device.device_id] = sender.next_number
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
