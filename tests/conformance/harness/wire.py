"""MQTT over WebSocket, byte by byte.

For what no SDK can be made to do: split packets at will, unknown topics, QoS 2, oversized bodies,
silence instead of a ping. Follows RFC 6455 and MQTT 3.1.1, and answers no packet by itself.
"""

import base64
import hashlib
import os
import socket
import ssl
import struct
import time
from dataclasses import dataclass

CONNECT, CONNACK, PUBLISH, PUBACK, PUBREC = 1, 2, 3, 4, 5
SUBSCRIBE, SUBACK, UNSUBSCRIBE, UNSUBACK, PINGREQ, PINGRESP, DISCONNECT = 8, 9, 10, 11, 12, 13, 14


class ConnectionClosed(Exception):
    """The hub closed the WebSocket or the socket."""

    def __init__(self, text: str, code: int | None = None):
        """`code` is that of a close frame."""
        super().__init__(text)
        self.code = code


def text(value: str | bytes) -> bytes:
    """A length-prefixed string."""
    raw = value.encode() if isinstance(value, str) else value
    return struct.pack("!H", len(raw)) + raw


def packet(kind: int, body: bytes = b"", flags: int = 0) -> bytes:
    """A whole packet around `body`."""
    remaining, length = len(body), b""
    while True:
        remaining, digit = divmod(remaining, 128)
        length += bytes([digit | (0x80 if remaining else 0)])
        if not remaining:
            return bytes([kind << 4 | flags]) + length + body


def connect(
    client_id: str,
    user_name: str | None = None,
    password: str | None = None,
    *,
    clean: bool = False,
    keep_alive: int = 60,
    will: tuple[str, bytes] | None = None,
    will_qos: int = 0,
    level: int = 4,
) -> bytes:
    flags = (0x02 if clean else 0) | (0x80 if user_name is not None else 0) | (0x40 if password is not None else 0)
    payload = text(client_id)
    if will is not None:
        flags |= 0x04 | will_qos << 3
        payload += text(will[0]) + text(will[1])
    if user_name is not None:
        payload += text(user_name)
    if password is not None:
        payload += text(password)
    return packet(CONNECT, text("MQTT") + bytes([level, flags]) + struct.pack("!H", keep_alive) + payload)


def publish(topic: str, body: bytes = b"", *, qos: int = 0, packet_id: int = 1, dup: bool = False, retain: bool = False) -> bytes:
    identifier = struct.pack("!H", packet_id) if qos else b""
    return packet(PUBLISH, text(topic) + identifier + body, (8 if dup else 0) | qos << 1 | (1 if retain else 0))


def subscribe(packet_id: int, *filters: tuple[str, int]) -> bytes:
    body = struct.pack("!H", packet_id) + b"".join(text(name) + bytes([qos]) for name, qos in filters)
    return packet(SUBSCRIBE, body, 2)


def unsubscribe(packet_id: int, *filters: str) -> bytes:
    return packet(UNSUBSCRIBE, struct.pack("!H", packet_id) + b"".join(map(text, filters)), 2)


def puback(packet_id: int) -> bytes:
    return packet(PUBACK, struct.pack("!H", packet_id))


@dataclass(frozen=True)
class Received:
    """A packet from the hub."""

    kind: int
    flags: int
    body: bytes

    @property
    def qos(self) -> int:
        return self.flags >> 1 & 3

    @property
    def dup(self) -> bool:
        return bool(self.flags & 8)

    @property
    def _topic_end(self) -> int:
        return 2 + struct.unpack_from("!H", self.body)[0]

    @property
    def topic(self) -> str:
        return self.body[2 : self._topic_end].decode()

    @property
    def packet_id(self) -> int:
        at = self._topic_end if self.kind == PUBLISH else 0
        return struct.unpack_from("!H", self.body, at)[0]

    @property
    def payload(self) -> bytes:
        return self.body[self._topic_end + (2 if self.qos else 0) :]


class Wire:
    """One WebSocket to the hub."""

    def __init__(self, address: tuple[str, int], *, path: str = "/$iothub/websocket", protocol: str | None = "mqtt",
                 method: str = "GET", headers: dict[str, str] | None = None, tls: ssl.SSLContext | None = None):  # fmt: skip
        self._socket = socket.create_connection(address, timeout=10)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls is not None:
            self._socket = tls.wrap_socket(self._socket, server_hostname="localhost")
        self._bytes = b""
        self._stream = b""
        nonce = base64.b64encode(os.urandom(16)).decode()
        head = {
            "Host": f"{address[0]}:{address[1]}", "Upgrade": "websocket", "Connection": "Upgrade",
            "Sec-WebSocket-Key": nonce, "Sec-WebSocket-Version": "13",
        }  # fmt: skip
        if protocol is not None:
            head["Sec-WebSocket-Protocol"] = protocol
        head.update(headers or {})
        lines = [f"{method} {path} HTTP/1.1"] + [f"{name}: {value}" for name, value in head.items()]
        self._socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        while b"\r\n\r\n" not in self._bytes:
            part = self._socket.recv(4096)
            if not part:
                raise ConnectionClosed("no answer to the upgrade")
            self._bytes += part
        raw, self._bytes = self._bytes.split(b"\r\n\r\n", 1)
        status, *lines = raw.decode().split("\r\n")
        self.status = int(status.split()[1])
        self.header_lines = lines
        self.headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        if self.status == 101:
            accept = hashlib.sha1((nonce + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()
            assert self.headers["sec-websocket-accept"] == base64.b64encode(accept).decode()

    def send(self, data: bytes, opcode: int = 2) -> None:
        """One final, masked message."""
        mask = os.urandom(4)
        size = len(data)
        if size < 126:
            head = bytes([0x80 | opcode, 0x80 | size])
        elif size < 65536:
            head = bytes([0x80 | opcode, 0xFE]) + struct.pack("!H", size)
        else:
            head = bytes([0x80 | opcode, 0xFF]) + struct.pack("!Q", size)
        whole = int.from_bytes(data, "big") ^ int.from_bytes((mask * (size // 4 + 1))[:size], "big")
        try:
            self._socket.sendall(head + mask + whole.to_bytes(size, "big"))
        except OSError as error:
            raise ConnectionClosed(str(error)) from error

    def _read(self, size: int, deadline: float) -> bytes:
        while len(self._bytes) < size:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError("nothing came from the hub")
            self._socket.settimeout(left)
            try:
                part = self._socket.recv(65536)
            except TimeoutError:
                raise TimeoutError("nothing came from the hub") from None
            except OSError as error:
                raise ConnectionClosed(str(error)) from error
            if not part:
                raise ConnectionClosed("end of stream")
            self._bytes += part
        taken, self._bytes = self._bytes[:size], self._bytes[size:]
        return taken

    def _frame(self, seconds: float) -> tuple[int, bytes]:
        deadline = time.monotonic() + seconds
        first, second = self._read(2, deadline)
        assert not second & 0x80, "a server frame must not be masked"
        assert not first & 0x70, "reserved bits: an extension was never agreed"
        size = second & 0x7F
        if size > 125:
            size = int.from_bytes(self._read(2 if size == 126 else 8, deadline), "big")
        data = self._read(size, deadline)
        if first & 0x0F == 8:
            raise ConnectionClosed(f"close frame {data!r}", int.from_bytes(data[:2], "big") if data else None)
        return first, data

    def receive_message(self, seconds: float = 10) -> bytes:
        """The next binary message. Anything that device.md §1 forbids the hub to send fails the test."""
        first, data = self._frame(seconds)
        assert first == 0x82, f"neither a final binary message nor a close: {first:#x}"
        return data

    def receive_text(self, seconds: float = 10) -> str:
        """The next text message."""
        first, data = self._frame(seconds)
        assert first == 0x81, f"neither a final text message nor a close: {first:#x}"
        return data.decode()

    def receive(self, seconds: float = 10) -> Received:
        """The next packet; each must be exactly one message."""
        message = self.receive_message(seconds)
        length, shift, at = 0, 0, 1
        while True:
            digit = message[at]
            length |= (digit & 0x7F) << shift
            shift, at = shift + 7, at + 1
            if not digit & 0x80:
                break
        assert len(message) == at + length, "a message from the hub must hold exactly one packet"
        return Received(message[0] >> 4, message[0] & 0x0F, message[at:])

    def expect(self, kind: int, seconds: float = 10) -> Received:
        """The next packet, which must be of this kind."""
        received = self.receive(seconds)
        assert received.kind == kind, f"expected packet type {kind}, got {received}"
        return received

    def expect_close(self, seconds: float = 10) -> None:
        """The hub closes, and sends nothing more before."""
        try:
            received = self.receive(seconds)
        except ConnectionClosed:
            return
        except TimeoutError:
            raise AssertionError(f"the hub kept the connection open for {seconds:g} s") from None
        raise AssertionError(f"expected the hub to close, it sent {received}")

    def expect_alive(self) -> None:
        """The connection answers a ping."""
        self.send(packet(PINGREQ))
        self.expect(PINGRESP)

    def open_session(self, connect_packet: bytes) -> bool:
        """Sends CONNECT, demands success, gives "session present"."""
        self.send(connect_packet)
        answer = self.expect(CONNACK)
        assert answer.body[1] == 0, f"refused with {answer.body[1]}"
        return bool(answer.body[0] & 1)

    def grant(self, *filters: tuple[str, int], packet_id: int = 900) -> list[int]:
        """Subscribes and gives the granted codes."""
        self.send(subscribe(packet_id, *filters))
        answer = self.expect(SUBACK)
        assert answer.packet_id == packet_id
        return list(answer.body[2:])

    def cut(self) -> None:
        """Drops TCP with neither DISCONNECT nor a WebSocket close."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._socket.close()

    def disconnect(self) -> None:
        """DISCONNECT, then the socket goes, as SDKs do."""
        self.send(packet(DISCONNECT))
        self._socket.close()

    def __enter__(self) -> "Wire":
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()
