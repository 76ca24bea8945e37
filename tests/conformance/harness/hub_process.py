"""One hub in the foreground, started and stopped the way an operator does it.

The hub is reached only through what its ready file says. Only processes that this class started
(or that the ready file names as its own children) are ever signalled.
"""

import json
import os
import random
import signal
import socket
import subprocess
from pathlib import Path

from .tokens import ConnectionString
from .waiting import eventually

ROOT = Path(__file__).resolve().parents[3]
# A first start builds the worker and the console.
START_SECONDS = 900
STOP_SECONDS = 20


def built_tool(variable: str, path: str, how_to_build: str) -> str:
    """The path of a built binary: the environment's choice, else the workspace's target folder."""
    chosen = os.environ.get(variable) or str(ROOT / path)
    if not Path(chosen).exists():
        raise FileNotFoundError(f"{chosen} is missing; build it with `{how_to_build}` or set {variable}")
    return chosen


# Below the ports that outgoing connections get: while a hub is down nobody may get its port by chance.
LISTENING_PORTS = range(15_000, 32_000)


def free_port(address: str = "127.0.0.1") -> int:
    """A port that nobody listens on right now."""
    while True:
        port = random.choice(LISTENING_PORTS)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((address, port))
            except OSError:
                continue
            return port


class HubProcess:
    """A hub on its own data folder; `start` and `stop` may alternate, the state stays."""

    def __init__(self, folder: Path, host_names: list[str], *options: str):
        self.folder = folder
        self.host_names = host_names
        self.options = options
        self.port = free_port()
        self.https_port = free_port()
        self.ready: dict = {}
        self._process: subprocess.Popen | None = None
        self._starts = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def host_name(self) -> str:
        return self.host_names[0]

    @property
    def ca_file(self) -> str:
        return self.ready["caFile"]

    @property
    def owner(self) -> ConnectionString:
        """The `iothubowner` connection string of the ready file."""
        return ConnectionString.parse(self.ready["connectionString"])

    def log_tail(self) -> str:
        log = self.folder / f"hub-{self._starts}.log"
        return log.read_text(errors="replace")[-4000:] if log.exists() else "(no log)"

    def start(self) -> None:
        """Starts the hub and returns once it serves."""
        assert self._process is None, "already running"
        self.folder.mkdir(parents=True, exist_ok=True)
        ready_file = self.folder / "ready.json"
        ready_file.unlink(missing_ok=True)
        self._starts += 1
        command = [
            built_tool("SKERRY_XTASK", "target/debug/xtask", "cargo build -p xtask"), "hub",
            "--port", str(self.port), "--https-port", str(self.https_port),
            "--data", str(self.folder / "data"), "--ready-file", str(ready_file),
        ]  # fmt: skip
        for name in self.host_names:
            command += ["--host-name", name]
        command += self.options
        with open(self.folder / f"hub-{self._starts}.log", "wb") as log:
            self._process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        process = self._process

        def served_or_ended() -> bool:
            return ready_file.exists() or process.poll() is not None

        try:
            eventually(served_or_ended, START_SECONDS, "the hub writes its ready file")
        except AssertionError:
            self.stop()
            raise
        if not ready_file.exists():
            code, self._process = process.returncode, None
            raise RuntimeError(f"the hub ended with code {code} before it served:\n{self.log_tail()}")
        self.ready = json.loads(ready_file.read_text())

    def stop(self) -> int | None:
        """Asks the hub to stop, waits for it and gives its exit code."""
        process, self._process = self._process, None
        if process is None:
            return None
        process.send_signal(signal.SIGTERM)
        try:
            return process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise AssertionError(f"the hub ignored SIGTERM for {STOP_SECONDS} s:\n{self.log_tail()}") from None

    def kill_workerd(self) -> int:
        """kill -9 of this hub's workerd; gives the launcher's exit code after it noticed."""
        assert self._process is not None, "not running"
        os.kill(self.ready["workerdPid"], signal.SIGKILL)
        process, self._process = self._process, None
        try:
            return process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise AssertionError(f"the launcher did not notice that workerd died:\n{self.log_tail()}") from None
