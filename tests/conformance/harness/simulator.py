"""The repository's simulated devices as a process of their own: started with a hub's connection string, stopped by SIGINT."""

import signal
import subprocess
from pathlib import Path

from .hub_process import ROOT, HubProcess, built_tool
from .rest import RestApi
from .waiting import eventually

STOP_SECONDS = 60


class Simulator:
    """Devices PREFIX-0001 and so on. The registry keeps them when it stops, so that they can come back."""

    def __init__(self, hub: HubProcess, api: RestApi, folder: Path, prefix: str, devices: int = 1):
        self.prefix = prefix
        self.names = [f"{prefix}-{number:04}" for number in range(1, devices + 1)]
        self._hub = hub
        self._api = api
        self._log = folder / f"{prefix}.log"
        self._process: subprocess.Popen | None = None

    def start(self, *options: str) -> None:
        """Starts it and returns once all its devices are connected."""
        assert self._process is None, "already running"
        tool = built_tool("SKERRY_DEVICE_SIM", "target/release/device-sim", "cargo build --release -p device-sim")
        command = [
            tool, "run", "--connection-string", self._hub.owner.with_host(self._hub.host_name), "--url", self._hub.url,
            "--devices", str(len(self.names)), "--prefix", self.prefix, "--create", "--interval", "60s", "--json", *options,
        ]  # fmt: skip
        with open(self._log, "ab") as log:
            self._process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        eventually(self._is_connected, 60, f"all devices of {self.prefix} are connected and have described themselves")

    def _is_connected(self) -> bool:
        assert self._process and self._process.poll() is None, self.log_tail()
        text = f"SELECT COUNT() AS n FROM devices WHERE STARTSWITH(deviceId, '{self.prefix}-') AND connectionState = 'Connected' AND IS_DEFINED(properties.reported.deviceInfo)"
        counted = self._api.post("/devices/query", json={"query": text}).json()
        return counted[0]["n"] == len(self.names)

    def log_tail(self) -> str:
        return self._log.read_text(errors="replace")[-2000:]

    def stop(self) -> None:
        """Ends it the way an operator does; all its devices are offline when this returns."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGINT)
        code = self._process.wait(STOP_SECONDS)
        self._process = None
        assert code == 0, self.log_tail()
        for name in self.names:
            self._api.wait_for_state(name, "Disconnected", 30)

    def remove(self) -> None:
        """Stops it and deletes its devices."""
        self.stop()
        for first in range(0, len(self.names), 100):
            items = [{"id": name, "importMode": "delete"} for name in self.names[first : first + 100]]
            self._api.post("/devices", json=items)
