"""A WebSocket client (RFC 6455) on the standard library's sockets, for one thread.

1. One thread opens, reads, writes and closes: a TLS connection must not be read and written by two threads at once.
   Any other thread may only `wake` it, out of a `receive` that waits.
2. Nothing is negotiated: no extension and no subprotocol, so neither may be answered.
3. Whatever ends the connection closes the socket; afterwards every call raises ConnectionEnded.
"""

from __future__ import annotations

import selectors
import socket
import ssl
import time
from collections import deque
from typing import Deque, List, Mapping, Optional, Tuple
from urllib.parse import SplitResult

from . import frames
from .errors import SEMPConnectionError
from .frames import Frame, FrameReader, ProtocolError
from .handshake import shake_hands
from .waker import Waker

#: A TLS record; more would not arrive in one read.
READ_BYTES = 16 * 1024
#: How long the peer may take to answer a close (s).
CLOSE_SECONDS = 2.0


class ConnectionEnded(Exception):
    """The connection is over; `code` and `reason` as in section 7.1.5: 1006 when there was no close frame."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"{code} {reason}".rstrip())
        self.code = code
        self.reason = reason


class WebSocket:
    """An open connection. Made by `connect`."""

    def __init__(
        self, sock: socket.socket, rest: bytes, timeout: float, max_message_bytes: int, waker: Optional[Waker]
    ) -> None:
        self._socket = sock
        self._waker = waker
        self._timeout = timeout
        self._max_message_bytes = max_message_bytes
        self._reader = FrameReader(max_message_bytes)
        self._frames: Deque[Frame] = deque()
        self._fragments: List[bytes] = []
        self._fragments_opcode: Optional[int] = None
        self._fragments_bytes = 0
        self._ended: Optional[ConnectionEnded] = None
        self._closing = False
        self._rest = rest
        #: When something last came in, by the monotonic clock (s).
        self.heard_at = time.monotonic()
        sock.setblocking(False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(sock, selectors.EVENT_READ)
        if waker is not None:
            self._selector.register(waker, selectors.EVENT_READ)

    @classmethod
    def connect(
        cls,
        url: SplitResult,
        *,
        headers: Mapping[str, str],
        timeout: float,
        max_message_bytes: int,
        ssl_context: Optional[ssl.SSLContext] = None,
        waker: Optional[Waker] = None,
    ) -> WebSocket:
        """Opens the connection and shakes hands.

        Args:
            url: ws or wss, with path and query
            headers: to be sent with the handshake, such as Authorization
            timeout: for the whole handshake, and later for each write (s)
            max_message_bytes: larger messages end the connection with 1009
            waker: what gets `receive` out of its wait

        Raises:
            SEMPError: the server refused; redirects count as that, so that no token goes elsewhere
            SEMPConnectionError: it could not be reached, or what answers does not speak WebSocket
        """
        host = url.hostname or ""
        secure = url.scheme == "wss"
        deadline = time.monotonic() + timeout
        try:
            sock = socket.create_connection((host, url.port or (443 if secure else 80)), timeout)
        except OSError as error:
            raise SEMPConnectionError(f"{url.scheme}://{url.netloc} cannot be reached: {error}") from error
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if secure:
                sock = (ssl_context or ssl.create_default_context()).wrap_socket(sock, server_hostname=host)
            rest = shake_hands(sock, url, headers, deadline)
        except OSError as error:
            sock.close()
            raise SEMPConnectionError(f"{url.scheme}://{url.netloc}: no WebSocket handshake: {error}") from error
        except BaseException:
            sock.close()
            raise
        return cls(sock, rest, timeout, max_message_bytes, waker)

    def receive(self, timeout: Optional[float]) -> Optional[str]:
        """Waits for the next text message; pings are answered on the way.

        Returns:
            the message, or None when `timeout` seconds have passed or the waker was woken

        Raises:
            ConnectionEnded: by either side, or because the peer broke the protocol
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            if self._ended is not None:
                raise self._ended
            try:
                if self._rest:
                    rest, self._rest = self._rest, b""
                    self._frames.extend(self._reader.feed(rest))
                while self._frames:
                    message = self._take(self._frames.popleft())
                    if message is not None:
                        return message
                if not self._wait(deadline):
                    return None
                self._read()
            except ProtocolError as error:
                self._end(error.code, str(error), say=error.code)
            except OSError as error:
                self._end(1006, str(error))

    def send(self, message: str) -> None:
        """Sends a text message. Raises ConnectionEnded."""
        self._send(frames.TEXT, message.encode())

    def ping(self) -> None:
        """Asks the peer for a sign of life; `heard_at` tells whether one came. Raises ConnectionEnded."""
        self._send(frames.PING, b"")

    def close(self, code: int = 1000, reason: str = "") -> ConnectionEnded:
        """Says goodbye, waits at most two seconds for the answer, and closes the socket. Never raises."""
        deadline = time.monotonic() + CLOSE_SECONDS
        try:
            self._closing = True
            self._send(frames.CLOSE, code.to_bytes(2, "big") + reason.encode()[:123])
            while time.monotonic() < deadline:
                self.receive(deadline - time.monotonic())
        except ConnectionEnded as ended:
            return ended
        return self._finish(1006, "no answer to the close")

    def abort(self) -> None:
        """Drops the connection at once, for a peer that is not there any more."""
        self._finish(1006, "no sign of life")

    def _take(self, frame: Frame) -> Optional[str]:
        """Acts on a frame. Returns the message it completes, if any."""
        if frame.opcode == frames.PING:
            self._send(frames.PONG, frame.payload)
        elif frame.opcode == frames.CLOSE:
            code, reason = _close_facts(frame.payload)
            self._end(code, reason, say=1000 if code == 1005 else code)
        elif frame.opcode != frames.PONG:
            return self._assemble(frame)
        return None

    def _assemble(self, frame: Frame) -> Optional[str]:
        """Section 5.4: a message is one frame, or a first one and its continuations."""
        if (frame.opcode == frames.CONTINUATION) != (self._fragments_opcode is not None):
            raise ProtocolError(1002, "a continuation of nothing, or a message inside another")
        if frame.opcode == frames.BINARY:
            raise ProtocolError(1003, "text messages only")
        self._fragments_opcode = frames.TEXT
        self._fragments.append(frame.payload)
        self._fragments_bytes += len(frame.payload)
        if self._fragments_bytes > self._max_message_bytes:
            raise ProtocolError(1009, f"a message of more than {self._max_message_bytes} bytes")
        if not frame.fin:
            return None
        whole = b"".join(self._fragments)
        self._fragments, self._fragments_opcode, self._fragments_bytes = [], None, 0
        try:
            return whole.decode()
        except UnicodeDecodeError as error:
            raise ProtocolError(1007, "a message that is not UTF-8") from error

    def _wait(self, deadline: Optional[float]) -> bool:
        """Waits until there is something to read. False: the time is over, or somebody woke us."""
        if isinstance(self._socket, ssl.SSLSocket) and self._socket.pending():
            return True
        seconds = None if deadline is None else max(0.0, deadline - time.monotonic())
        ready = [key.fileobj for key, _ in self._selector.select(seconds)]
        if self._waker is not None and self._waker in ready:
            self._waker.clear()
            return False
        return bool(ready)

    def _read(self) -> None:
        try:
            data = self._socket.recv(READ_BYTES)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return  # Of a TLS record only a part is here, or it was the connection's own business.
        if not data:
            self._end(1006, "the connection was cut")
            return
        self.heard_at = time.monotonic()
        self._frames.extend(self._reader.feed(data))

    def _send(self, opcode: int, payload: bytes) -> None:
        if self._ended is not None:
            raise self._ended
        try:
            self._socket.settimeout(self._timeout)
            self._socket.sendall(frames.encode(opcode, payload))
            self._socket.settimeout(0)
        except OSError as error:
            raise self._finish(1006, str(error)) from error

    def _end(self, code: int, reason: str, say: Optional[int] = None) -> None:
        """Ends the connection, with a close frame of code `say` unless one was sent before. Raises ConnectionEnded."""
        if say is not None and not self._closing:
            self._closing = True
            try:
                self._send(frames.CLOSE, say.to_bytes(2, "big"))
            except ConnectionEnded:
                pass
        raise self._finish(code, reason)

    def _finish(self, code: int, reason: str) -> ConnectionEnded:
        self._selector.close()
        self._socket.close()
        self._ended = ConnectionEnded(code, reason)
        return self._ended


def _close_facts(payload: bytes) -> Tuple[int, str]:
    """Code and reason of a close frame (section 5.5.1); 1005 when it names none."""
    if not payload:
        return 1005, ""
    code = int.from_bytes(payload[:2], "big")
    known = 1000 <= code <= 1014 and code not in (1004, 1005, 1006)
    if len(payload) == 1 or not (known or 3000 <= code <= 4999):
        raise ProtocolError(1002, "a close frame without a valid code")
    try:
        return code, payload[2:].decode()
    except UnicodeDecodeError as error:
        raise ProtocolError(1007, "a close reason that is not UTF-8") from error
