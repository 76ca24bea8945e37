"""A TCP relay in front of the hub: an HTTP CONNECT proxy for the SDKs, and scissors for the tests.

It pipes raw bytes, so TLS stays end to end between the unmodified client and the hub
(device.md §10.4). It ignores the address a CONNECT asks for.
"""

import socket
import struct
import threading

# Close with RST: what a cut cable or a dead NAT looks like to both ends.
_RESET = struct.pack("ii", 1, 0)


class Relay:
    """Accepts on `listen` and pipes to `target`. With `proxy`, clients first say CONNECT."""

    def __init__(self, target: tuple[str, int], *, listen: tuple[str, int] = ("127.0.0.1", 0), proxy: bool = False):
        self._target = target
        self._proxy = proxy
        self._lock = threading.Lock()
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._refusing = False
        self._accepted = 0
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._listener.bind(listen)
        except OSError:
            self._listener.close()
            raise
        self._listener.listen(128)
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def address(self) -> tuple[str, int]:
        return self._listener.getsockname()

    @property
    def accepted(self) -> int:
        """Connections that reached the hub so far."""
        with self._lock:
            return self._accepted

    @property
    def open(self) -> int:
        """Connections that are up now."""
        with self._lock:
            return len(self._pairs)

    def cut(self) -> int:
        """Cuts every connection at once, without a word to either end. Gives their number."""
        with self._lock:
            pairs, self._pairs = self._pairs, []
        for pair in pairs:
            for end in pair:
                _reset(end)
        return len(pairs)

    def refuse(self, refusing: bool) -> None:
        """While refusing, new connections are reset as soon as they come."""
        self._refusing = refusing

    def close(self) -> None:
        # Wakes the thread that sits in accept; close alone would leave it there.
        try:
            self._listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._listener.close()
        self.cut()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        try:
            # The proxy itself always answers: the Python SDK takes a failing proxy for a permanent
            # error and would not try again.
            if (self._proxy and not _answer_connect(client)) or self._refusing:
                _reset(client)
                return
            server = socket.create_connection(self._target, timeout=10)
        except OSError:
            _reset(client)
            return
        server.settimeout(None)
        for end in (client, server):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        pair = (client, server)
        with self._lock:
            self._pairs.append(pair)
            self._accepted += 1
        upstream = threading.Thread(target=_pipe, args=(client, server), daemon=True)
        upstream.start()
        _pipe(server, client)
        upstream.join()
        with self._lock:
            if pair in self._pairs:
                self._pairs.remove(pair)
        client.close()
        server.close()


def _answer_connect(client: socket.socket) -> bool:
    head = b""
    while b"\r\n\r\n" not in head:
        part = client.recv(1)
        if not part or len(head) > 8192:
            return False
        head += part
    if not head.startswith(b"CONNECT "):
        return False
    client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    return True


def _pipe(source: socket.socket, sink: socket.socket) -> None:
    try:
        while chunk := source.recv(65536):
            sink.sendall(chunk)
    except OSError:
        pass
    # Half-close carries "no more from this side" through, as TCP would without a relay.
    try:
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def _reset(end: socket.socket) -> None:
    try:
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        # shutdown wakes a thread blocked in recv; close then sends the reset.
        end.shutdown(socket.SHUT_RD)
    except OSError:
        pass
    end.close()
