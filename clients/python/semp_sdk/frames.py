"""WebSocket frames (RFC 6455, section 5): bytes to frames and back, without any socket."""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from typing import Iterator, Tuple

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
OPCODES = frozenset((CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG))

#: Section 5.5: what a control frame may carry.
MAX_CONTROL_BYTES = 125


class ProtocolError(Exception):
    """The peer broke the protocol; `code` is what to close the connection with (section 7.4.1)."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Frame:
    """One frame of a server, unmasked."""

    fin: bool
    opcode: int
    payload: bytes


def mask(data: bytes, key: bytes) -> bytes:
    """XORs with the repeated 4-byte key; done twice it gives the data back."""
    repeated = (key * (len(data) // 4 + 1))[: len(data)]
    mixed = int.from_bytes(data, "little") ^ int.from_bytes(repeated, "little")
    return mixed.to_bytes(len(data), "little")


def encode(opcode: int, payload: bytes, fin: bool = True) -> bytes:
    """Makes a client's frame: always masked, under a fresh key (section 5.3)."""
    first = (0x80 if fin else 0) | opcode
    length = len(payload)
    if length < 126:
        head = struct.pack("!BB", first, 0x80 | length)
    elif length < 0x10000:
        head = struct.pack("!BBH", first, 0x80 | 126, length)
    else:
        head = struct.pack("!BBQ", first, 0x80 | 127, length)
    key = os.urandom(4)
    return head + key + mask(payload, key)


class FrameReader:
    """Cuts a server's bytes into frames, however they arrive.

    A frame is refused by its announced length, before any of it is kept.
    """

    def __init__(self, max_payload_bytes: int) -> None:
        self._max_payload_bytes = max_payload_bytes
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Takes bytes off the wire, gives the frames they complete.

        Raises:
            ProtocolError: reserved bits, an unknown opcode, a masked, mislabelled or too large frame
        """
        self._buffer += data
        while True:
            head = self._head()
            if head is None:
                return
            fin, opcode, start, length = head
            if len(self._buffer) < start + length:
                return
            payload = bytes(self._buffer[start : start + length])
            del self._buffer[: start + length]
            yield Frame(fin, opcode, payload)

    def _head(self) -> Tuple[bool, int, int, int] | None:
        """FIN, opcode, where the payload starts and its length; None while the head is incomplete."""
        buffer = self._buffer
        if len(buffer) < 2:
            return None
        first, second = buffer[0], buffer[1]
        fin, opcode, length = bool(first & 0x80), first & 0x0F, second & 0x7F
        if first & 0x70:
            raise ProtocolError(1002, "reserved bits are set, but no extension was agreed on")
        if opcode not in OPCODES:
            raise ProtocolError(1002, f"unknown opcode {opcode:#x}")
        if second & 0x80:
            raise ProtocolError(1002, "a server must not mask its frames")
        if opcode >= CLOSE and (not fin or length > MAX_CONTROL_BYTES):
            raise ProtocolError(1002, "a control frame is whole and has at most 125 bytes")
        start = 2
        if length >= 126:
            width, smallest = (2, 126) if length == 126 else (8, 0x10000)
            start += width
            if len(buffer) < start:
                return None
            length = int.from_bytes(buffer[2:start], "big")
            if length < smallest:
                raise ProtocolError(1002, "a length must be written as short as possible")
        if length > self._max_payload_bytes:
            raise ProtocolError(1009, f"a frame of {length} bytes; at most {self._max_payload_bytes} are taken")
        return fin, opcode, start, length
