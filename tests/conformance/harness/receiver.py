"""A receiver of the hub's requests, as somebody outside runs one."""

import hashlib
import hmac
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Callable

from harness.hub_process import free_port

Answer = tuple[int, dict[str, str]]
ACCEPTED: Answer = (200, {})


class Receiver:
    """Keeps what it took. `start` and `stop` may alternate; while it is stopped nobody is at its port."""

    def __init__(self, secret: str | None = None):
        self.secret = secret
        self.port = free_port()
        self.requests: list[dict[str, Any]] = []
        self.answer: Callable[[], Answer] = lambda: ACCEPTED
        self.validates = True
        self._server: ThreadingHTTPServer | None = None

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"http://{self.host}/events?from=hub"

    @property
    def events(self) -> list[dict]:
        """Every event that it took, in order; repeated ones are there twice."""
        return [event for request in self.requests if request["taken"] for event in request["body"]]

    def start(self) -> "Receiver":
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers["content-length"]))
                status, headers, answer = receiver._take(self.path, dict(self.headers.items()), raw)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(answer)))
                # A kept connection would outlive `stop`.
                self.send_header("connection", "close")
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def stop(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            server.shutdown()
            server.server_close()

    def _take(self, path: str, headers: dict[str, str], raw: bytes) -> tuple[int, dict[str, str], bytes]:
        headers = {name.lower(): value for name, value in headers.items()}
        if self.secret is not None:
            signed = headers["x-hub-timestamp"].encode() + b"." + raw
            expected = "sha256=" + hmac.new(self.secret.encode(), signed, hashlib.sha256).hexdigest()
            if headers.get("x-hub-signature-256") != expected:
                return 401, {}, b""
        body = json.loads(raw)
        if isinstance(body, dict) and "validationCode" in body:
            if not self.validates:
                return 404, {}, b""
            return 200, {}, json.dumps({"validationResponse": body["validationCode"]}).encode()
        status, more = self.answer()
        self.requests.append({"path": path, "headers": headers, "body": body, "taken": 200 <= status < 300})
        return status, more, b""
