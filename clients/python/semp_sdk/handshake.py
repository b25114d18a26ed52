"""The WebSocket handshake of a client (RFC 6455, section 4)."""

from __future__ import annotations

import base64
import hashlib
import os
import socket
import time
from typing import Dict, Mapping, Tuple
from urllib.parse import SplitResult

from .errors import SEMPConnectionError, error_of

#: RFC 6455, section 1.3.
HANDSHAKE_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
MAX_HEAD_BYTES = 64 * 1024
#: Of a refusal's body.
MAX_REFUSAL_BYTES = 64 * 1024
READ_BYTES = 16 * 1024


def shake_hands(sock: socket.socket, url: SplitResult, headers: Mapping[str, str], deadline: float) -> bytes:
    """Asks for a WebSocket (section 4.1). Nothing is negotiated: no extension and no subprotocol.

    Args:
        deadline: by the monotonic clock (s)

    Returns:
        what the server sent behind its answer

    Raises:
        SEMPError: the server refused
        SEMPConnectionError: what answers does not speak WebSocket
        OSError: of the socket
    """
    key = base64.b64encode(os.urandom(16)).decode()
    target = (url.path or "/") + (f"?{url.query}" if url.query else "")
    wanted = {
        "Host": url.netloc,
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": key,
        "Sec-WebSocket-Version": "13",
        **headers,
    }
    lines = [f"GET {target} HTTP/1.1", *(f"{name}: {value}" for name, value in wanted.items())]
    sock.sendall("\r\n".join([*lines, "", ""]).encode("latin-1"))

    status, reason, answer, rest = _read_head(sock, deadline)
    if status != 101:
        raise error_of(status, reason, answer, _read_refusal(sock, answer, rest, deadline))
    accept = base64.b64encode(hashlib.sha1((key + HANDSHAKE_GUID).encode()).digest()).decode()
    tokens = [token.strip().lower() for token in answer.get("connection", "").split(",")]
    if answer.get("upgrade", "").lower() != "websocket" or "upgrade" not in tokens:
        raise SEMPConnectionError("the server switched to something that is not WebSocket")
    if answer.get("sec-websocket-accept") != accept:
        raise SEMPConnectionError("the server answered somebody else's handshake: wrong Sec-WebSocket-Accept")
    if "sec-websocket-extensions" in answer or "sec-websocket-protocol" in answer:
        raise SEMPConnectionError("the server agreed to an extension or subprotocol nobody asked for")
    return rest


def _read_head(sock: socket.socket, deadline: float) -> Tuple[int, str, Dict[str, str], bytes]:
    """Status, its text, the headers by lower-case name, and the bytes behind the head."""
    data = b""
    while b"\r\n\r\n" not in data:
        if len(data) > MAX_HEAD_BYTES:
            raise SEMPConnectionError(f"the answer's head has more than {MAX_HEAD_BYTES} bytes")
        chunk = _read_some(sock, deadline)
        if not chunk:
            raise SEMPConnectionError("the server closed the connection before it answered the handshake")
        data += chunk
    head, _, rest = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    version, _, remainder = first.partition(" ")
    status, _, reason = remainder.partition(" ")
    if not version.startswith("HTTP/1.") or not (status.isdecimal() and len(status) == 3):
        raise SEMPConnectionError("what answers does not speak HTTP")
    headers: Dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon:
            raise SEMPConnectionError("the answer has a header without a colon")
        name = name.strip().lower()
        headers[name] = f"{headers[name]}, {value.strip()}" if name in headers else value.strip()
    return int(status), reason, headers, rest


def _read_refusal(sock: socket.socket, headers: Mapping[str, str], body: bytes, deadline: float) -> bytes:
    """The body of a refusal, as far as it comes: it is only read for its message."""
    length = headers.get("content-length", "")
    size = min(int(length), MAX_REFUSAL_BYTES) if length.isdecimal() else MAX_REFUSAL_BYTES
    try:
        while len(body) < size:
            chunk = _read_some(sock, deadline)
            if not chunk:
                break
            body += chunk
    except OSError:
        pass
    return body[:size]


def _read_some(sock: socket.socket, deadline: float) -> bytes:
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise socket.timeout("timed out")
    sock.settimeout(seconds)
    return sock.recv(READ_BYTES)
