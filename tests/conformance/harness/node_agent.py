"""An npm client in its own Node process, driven by JSON lines (tests/conformance/node)."""

import json
import os
import queue
import subprocess
import threading
from pathlib import Path
from typing import Any, Callable

from .waiting import eventually

NODE_FOLDER = Path(__file__).resolve().parents[1] / "node"
# The Node SDK retries for up to four minutes; the tests switch that off where they expect failure.
ANSWER_SECONDS = 60


class NodeError(Exception):
    """What the npm client threw."""

    def __init__(self, error: dict):
        super().__init__(f"{error['name']}: {error['message']}")
        self.name = error["name"]
        self.message = error["message"]


class NodeAgent:
    """Starts `script` and talks to it."""

    def __init__(self, script: str, *, environment: dict[str, str] | None = None, node_options: list[str] | None = None):
        self._process = subprocess.Popen(
            ["node", *(node_options or []), script],
            cwd=NODE_FOLDER, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={**os.environ, **(environment or {})},
        )  # fmt: skip
        self._next = 0
        self._answers: dict[int, queue.Queue] = {}
        self._lock = threading.Lock()
        self._errors: list[str] = []
        self.events: list[tuple[str, Any]] = []
        threading.Thread(target=self._read, daemon=True).start()
        threading.Thread(target=self._read_errors, daemon=True).start()

    def _read(self) -> None:
        for line in self._process.stdout:
            message = json.loads(line)
            if "event" in message:
                self.events.append((message["event"], message["data"]))
            else:
                self._answers[message["id"]].put(message)
        for waiting in self._answers.values():
            waiting.put(None)

    def _read_errors(self) -> None:
        for line in self._process.stderr:
            self._errors.append(line)

    def begin(self, command: str, **parameters: Any) -> Callable[[], Any]:
        """Sends a command; the function it gives waits for the answer."""
        with self._lock:
            self._next += 1
            identifier = self._next
            waiting = self._answers[identifier] = queue.Queue()
            line = json.dumps({"id": identifier, "command": command, "parameters": parameters})
            self._process.stdin.write(line + "\n")
            self._process.stdin.flush()

        def answer() -> Any:
            try:
                message = waiting.get(timeout=ANSWER_SECONDS)
            except queue.Empty:
                raise AssertionError(f"no answer to {command} within {ANSWER_SECONDS} s: {self._errors}") from None
            assert message is not None, f"the Node process ended during {command}: {''.join(self._errors)}"
            if "error" in message:
                raise NodeError(message["error"])
            return message["result"]

        return answer

    def call(self, command: str, **parameters: Any) -> Any:
        """Sends a command and waits for its result; raises `NodeError`."""
        return self.begin(command, **parameters)()

    def named(self, event: str) -> list[Any]:
        """All events of this name so far."""
        return [data for name, data in list(self.events) if name == event]

    def wait_for(self, event: str, matches: Callable[[Any], bool] = lambda _: True, seconds: float = 15) -> Any:
        """The first event of this name that matches."""

        def look() -> list[Any]:
            # In a list, since the data of an event may be null.
            return [data for data in self.named(event) if matches(data)][:1]

        return eventually(look, seconds, f"event {event} from Node (all: {self.events}, stderr: {self._errors})")[0]

    def stop(self) -> None:
        self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
