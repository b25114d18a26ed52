"""Getting a thread out of a wait."""

from __future__ import annotations

import selectors
import socket


class Waker:
    """Gets one thread out of a wait from any other thread. A wake before the wait is not lost."""

    def __init__(self) -> None:
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)

    def fileno(self) -> int:
        return self._reader.fileno()

    def wake(self) -> None:
        try:
            self._writer.send(b"\0")
        except BlockingIOError:
            pass  # Full of wakes already.
        except OSError:
            pass  # Nobody waits any more.

    def clear(self) -> None:
        try:
            while self._reader.recv(4096):
                pass
        except BlockingIOError:
            pass

    def wait(self, seconds: float) -> None:
        """Returns after `seconds`, or at a wake."""
        with selectors.DefaultSelector() as selector:
            selector.register(self, selectors.EVENT_READ)
            if selector.select(seconds):
                self.clear()

    def close(self) -> None:
        self._reader.close()
        self._writer.close()
