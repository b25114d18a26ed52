"""The other end of a connection, byte by byte: a server on bare sockets, with a WebSocket side of its own.

It shares no code with the client, so that a mistake in one does not hide in the other.
"""

from __future__ import annotations

import base64
import hashlib
import json
import socket
import ssl
import struct
import threading
from typing import Any, Callable, Dict, List, Optional, Tuple

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10


class Gone(Exception):
    """The client closed the connection."""


class Peer:
    """One accepted connection."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self._buffer = b""
        self._write = threading.Lock()
        sock.settimeout(20)

    def read(self, count: int) -> bytes:
        while len(self._buffer) < count:
            self._more()
        data, self._buffer = self._buffer[:count], self._buffer[count:]
        return data

    def read_request(self) -> Tuple[str, str, Dict[str, str], bytes]:
        """Method, target, headers by lower-case name, body."""
        while b"\r\n\r\n" not in self._buffer:
            self._more()
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        method, target, _ = first.split(" ")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        return method, target, headers, self.read(int(headers.get("content-length", "0")))

    def send(self, data: bytes) -> None:
        with self._write:
            self.sock.sendall(data)

    def answer(self, status: int, body: Any = None, headers: Optional[Dict[str, str]] = None) -> None:
        """An HTTP answer; `body` as JSON."""
        data = b"" if body is None else json.dumps(body).encode()
        lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(data)}"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        self.send("\r\n".join([*lines, "", ""]).encode() + data)

    def accept(self, headers: Dict[str, str], extra: str = "") -> None:
        """Agrees to a WebSocket handshake."""
        self.send(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\nConnection: keep-alive, Upgrade\r\n"
            + f"Sec-WebSocket-Accept: {accept_of(headers['sec-websocket-key'])}\r\n{extra}\r\n".encode()
        )

    def shake(self) -> Dict[str, str]:
        """Reads a handshake and agrees to it; gives its headers."""
        _, _, headers, _ = self.read_request()
        self.accept(headers)
        return headers

    def send_frame(self, opcode: int, payload: bytes = b"", fin: bool = True) -> None:
        self.send(frame(opcode, payload, fin))

    def send_json(self, value: object) -> None:
        self.send_frame(TEXT, json.dumps(value).encode())

    def read_frame(self) -> Tuple[int, bytes]:
        """Opcode and payload of the client's next frame, which must be whole and masked."""
        first, second = self.read(2)
        if not first & 0x80 or not second & 0x80:
            raise AssertionError("a client's frame must be whole and masked")
        length = second & 0x7F
        if length == 126:
            (length,) = struct.unpack("!H", self.read(2))
        elif length == 127:
            (length,) = struct.unpack("!Q", self.read(8))
        key = self.read(4)
        return first & 0x0F, bytes(byte ^ key[i % 4] for i, byte in enumerate(self.read(length)))

    def read_json(self) -> Any:
        opcode, payload = self.read_frame()
        if opcode != TEXT:
            raise AssertionError(f"a text frame was wanted, not {opcode}: {payload!r}")
        return json.loads(payload)

    def read_close(self) -> int:
        """The code of the client's close frame."""
        opcode, payload = self.read_frame()
        if opcode != CLOSE:
            raise AssertionError(f"a close frame was wanted, not {opcode}: {payload!r}")
        return int.from_bytes(payload[:2], "big")

    def is_closed(self) -> bool:
        """Waits for the client to close the connection."""
        try:
            self._more()
        except Gone:
            return True
        return False

    def _more(self) -> None:
        try:
            data = self.sock.recv(65536)
        except OSError as error:
            raise Gone from error
        if not data:
            raise Gone
        self._buffer += data


class Server:
    """Runs `serve` on a thread of its own for each connection. What it raises is raised again by `close`."""

    def __init__(self, serve: Callable[[Peer], None], tls: Optional[ssl.SSLContext] = None, port: int = 0) -> None:
        self._serve = serve
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", port))
        self.port: int = self._listener.getsockname()[1]
        self.accepted = 0
        self._peers: List[Peer] = []
        self._errors: List[BaseException] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    @property
    def url(self) -> str:
        return f"http{'s' if self._tls else ''}://localhost:{self.port}"

    def cut(self) -> None:
        """Drops every connection without a word, but none that comes in meanwhile."""
        for peer in list(self._peers):
            try:
                peer.sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self) -> None:
        # A close alone would not end an accept that waits.
        try:
            self._listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._listener.close()
        self.cut()
        for thread in self._threads:
            thread.join(20)
        if self._errors:
            raise self._errors[0]

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self.accepted += 1
            thread = threading.Thread(target=self._run, args=(sock,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _run(self, sock: socket.socket) -> None:
        try:
            if self._tls:
                sock = self._tls.wrap_socket(sock, server_side=True)
            peer = Peer(sock)
            self._peers.append(peer)
            self._serve(peer)
        except (Gone, ConnectionError, ssl.SSLError):
            pass
        except BaseException as error:
            self._errors.append(error)
        finally:
            sock.close()


def accept_of(key: str) -> str:
    return base64.b64encode(hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()).decode()


def frame(opcode: int, payload: bytes = b"", fin: bool = True) -> bytes:
    """A server's frame."""
    first = (0x80 if fin else 0) | opcode
    if len(payload) < 126:
        return struct.pack("!BB", first, len(payload)) + payload
    if len(payload) < 65536:
        return struct.pack("!BBH", first, 126, len(payload)) + payload
    return struct.pack("!BBQ", first, 127, len(payload)) + payload
