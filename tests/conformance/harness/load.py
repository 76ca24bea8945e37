"""Telemetry and changes as fast as the hub answers them: the load under which other things are tested."""

import threading

from . import wire as w
from .hub_process import HubProcess
from .rest import RestApi
from .tokens import DeviceCredentials

# Unacknowledged messages on the way, as SDKs have when an application does not wait.
WINDOW = 16


class Sender(threading.Thread):
    """A device that sends numbered telemetry and remembers what was acknowledged."""

    def __init__(self, hub: HubProcess, device: DeviceCredentials, first: int = 0):
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
            with w.Wire(("127.0.0.1", self._port)) as wire:
                wire.open_session(w.connect(self._device.client_id, self._device.user_name, self._device.token()))
                while not self.stopped.is_set():
                    while len(in_flight) < WINDOW:
                        packet_id = self._next % 65_535 + 1
                        wire.send(w.publish(topic, str(self._next).encode(), qos=1, packet_id=packet_id))
                        in_flight[packet_id] = self._next
                        self._next += 1
                    self.acknowledged.add(in_flight.pop(wire.expect(w.PUBACK).packet_id))
        except (w.ConnectionClosed, OSError, TimeoutError):
            # A test that still needs this sender sees that it is not alive any more.
            return

    @property
    def next_number(self) -> int:
        return self._next

    @property
    def answered(self) -> int:
        return len(self.acknowledged)


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

    @property
    def answered(self) -> int:
        return len(self.versions)
