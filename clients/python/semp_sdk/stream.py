"""The live stream: an open connection, a new one when it breaks, and every event exactly once in between.

1. The cursor is the id of the last event that was handed on. Before the first one it is the newest event there was
   before the connection, so nothing is missed between connecting and subscribing either.
2. Each connection subscribes with `since` = cursor. What comes before the server's `subscribed` comes again in the
   replay and is therefore kept back; only a server that does not know `subscribe` leaves it at that.
3. Whoever lagged behind subscribes again from the cursor: what the server could not keep is in its log.
4. All of this happens on one thread. Others may `stop` and `refresh` it.
"""

from __future__ import annotations

import json
import random
import ssl
import threading
import time
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Set
from urllib.parse import SplitResult

from .errors import SEMPConnectionError, SEMPError
from .retry import is_passing
from .websocket import ConnectionEnded, Waker, WebSocket

#: Ids remembered of what was handed on before an answer to `subscribe`; a server that late does not know it.
MAX_EARLY = 10_000
#: Calls the handlers of a name with arguments.
Emit = Callable[..., None]


@dataclass(frozen=True)
class Wishes:
    """What to hear; None: everything."""

    scopes: Optional[Sequence[str]] = None
    types: Optional[Sequence[str]] = None
    trace_id: Optional[str] = None
    signals: bool = False

    def message(self, since: Optional[str]) -> Optional[str]:
        """The `subscribe` message, or None when the server's default is what is wanted."""
        wanted: Dict[str, Any] = {
            "scopes": None if self.scopes is None else list(self.scopes),
            "types": None if self.types is None else list(self.types),
            "trace_id": self.trace_id,
            "since": since,
            "signals": True if self.signals else None,
        }
        given = {name: value for name, value in wanted.items() if value is not None}
        return json.dumps({"type": "subscribe", **given}) if given else None


@dataclass(frozen=True)
class Patience:
    """How long to wait for what (s).

    Attributes:
        first: before the first new connection; doubles, and starts again when one is open
        longest: before any new connection
        silence: after which the server is asked for a sign of life; it sends one every 30 s by itself
        answer: for that sign
        subscribed: for the answer to `subscribe`, before the server counts as one that does not know it
    """

    first: float = 1.0
    longest: float = 30.0
    silence: float = 45.0
    answer: float = 15.0
    subscribed: float = 10.0


class Stream:
    """One stream of one client.

    Args:
        newest: asks for the id of the newest event; None when there is none
        wishes: read at each subscription
        since: the first cursor, in place of the newest event
    """

    def __init__(
        self,
        url: SplitResult,
        *,
        headers: Mapping[str, str],
        timeout: float,
        max_message_bytes: int,
        ssl_context: Optional[ssl.SSLContext],
        emit: Emit,
        newest: Callable[[], Optional[str]],
        wishes: Callable[[], Wishes],
        since: Optional[str],
        patience: Patience,
    ) -> None:
        self._url = url
        self._headers = headers
        self._timeout = timeout
        self._max_message_bytes = max_message_bytes
        self._ssl_context = ssl_context
        self._emit = emit
        self._newest = newest
        self._wishes = wishes
        self._patience = patience
        self._waker = Waker()
        self._stale = False
        self._held: List[Dict[str, Any]] = []
        self._early: Set[str] = set()
        self._in_doubt = False
        self._answer_until: Optional[float] = None
        self._unanswered = 0
        self._pinged_at = 0.0
        #: The id of the last event handed on.
        self.cursor = since
        self.stopped = False
        #: Set when the first connection is open, or when there will be none.
        self.opened: Future[None] = Future()
        self.done = threading.Event()

    def run(self) -> None:
        """Keeps the stream up until it is stopped.

        Raises:
            SEMPError: the server refused for good, as without a valid token
        """
        try:
            self._run()
        except BaseException as error:
            if not self.opened.done():
                self.opened.set_exception(error)
            raise
        finally:
            self.stopped = True
            if not self.opened.done():
                self.opened.set_exception(SEMPConnectionError("closed before the stream was open"))
            self.done.set()
            self._waker.close()

    def stop(self) -> None:
        """Ends it soon; `done` tells when."""
        self.stopped = True
        self._waker.wake()

    def refresh(self) -> None:
        """Subscribes again, because the wishes have changed."""
        self._stale = True
        self._waker.wake()

    def _run(self) -> None:
        delay = self._patience.first
        while not self.stopped:
            retry_after: Optional[float] = None
            try:
                socket = self._connect()
            except SEMPError as error:
                if _is_lasting(error):
                    raise
                retry_after = error.retry_after
                self._emit("error", error)
            else:
                delay = self._patience.first
                self._serve(socket)
            if not self.stopped:
                # A tenth more at most, so that the clients of a server that restarts do not come back as one.
                self._rest(max(delay, retry_after or 0.0) * (1 + random.random() / 10))
                delay = min(delay * 2, self._patience.longest)

    def _connect(self) -> WebSocket:
        if self.cursor is None:
            self.cursor = self._newest()
        return WebSocket.connect(
            self._url,
            headers=self._headers,
            timeout=self._timeout,
            max_message_bytes=self._max_message_bytes,
            ssl_context=self._ssl_context,
            waker=self._waker,
        )

    def _serve(self, socket: WebSocket) -> None:
        """The life of one connection."""
        self._unanswered = 0
        ended: Optional[ConnectionEnded] = None
        try:
            self._subscribe(socket)
            self._emit("open")
            if not self.opened.done():
                self.opened.set_result(None)
            self._listen(socket)
        except ConnectionEnded as error:
            ended = error
        finally:
            closed = ended or socket.close(1000)
        self._emit("close", {"code": closed.code, "reason": closed.reason, "reconnecting": not self.stopped})

    def _listen(self, socket: WebSocket) -> None:
        while not self.stopped:
            text = socket.receive(self._longest_wait(socket))
            if text is not None:
                self._take(socket, text)
            if self._stale:
                self._subscribe(socket)
            if self._answer_until is not None and time.monotonic() >= self._answer_until:
                self._release()
            self._check_life(socket)

    def _longest_wait(self, socket: WebSocket) -> float:
        """Until the next thing to be done without a message."""
        now = time.monotonic()
        asked = self._pinged_at > socket.heard_at
        silence = self._pinged_at + self._patience.answer if asked else socket.heard_at + self._patience.silence
        until = silence if self._answer_until is None else min(silence, self._answer_until)
        return max(0.0, until - now)

    def _check_life(self, socket: WebSocket) -> None:
        now = time.monotonic()
        if self._pinged_at > socket.heard_at:
            if now - self._pinged_at >= self._patience.answer:
                socket.abort()
        elif now - socket.heard_at >= self._patience.silence:
            socket.ping()
            self._pinged_at = time.monotonic()

    def _subscribe(self, socket: WebSocket) -> None:
        self._stale = False
        self._held, self._early, self._answer_until, self._in_doubt = [], set(), None, False
        message = self._wishes().message(self.cursor)
        if message is not None:
            self._unanswered += 1
            self._answer_until = time.monotonic() + self._patience.subscribed
            socket.send(message)

    def _subscribed(self) -> None:
        """What follows the answer to the last of several subscriptions is the stream."""
        self._unanswered = max(0, self._unanswered - 1)
        if self._unanswered == 0:
            self._held, self._answer_until, self._in_doubt = [], None, False

    def _release(self) -> None:
        """No answer to `subscribe`: a server that does not know it has sent all it will send."""
        held, self._held, self._answer_until, self._in_doubt = self._held, [], None, True
        for event in held:
            self._hand_on(event)

    def _take(self, socket: WebSocket, text: str) -> None:
        try:
            message = json.loads(text)
        except ValueError:
            message = None
        if not isinstance(message, dict):
            self._emit("error", SEMPError(0, "the stream brought something that is no JSON object"))
            return
        kind, data = message.get("type"), message.get("data")
        if kind == "event" and isinstance(data, dict) and isinstance(data.get("id"), str):
            if self._answer_until is not None:
                self._held.append(data)
            else:
                self._hand_on(data)
        elif kind == "signal" and isinstance(data, dict):
            self._emit("signal", data)
        elif kind == "subscribed":
            self._subscribed()
        elif kind == "lagged":
            self._emit("lagged", message.get("dropped", 0))
            self._subscribe(socket)
        elif kind == "error":
            self._emit("error", SEMPError(0, str(message.get("message", "the server reports an error"))))

    def _hand_on(self, event: Dict[str, Any]) -> None:
        if event["id"] in self._early:
            self._early.discard(event["id"])
            return
        if self._in_doubt and len(self._early) < MAX_EARLY:
            self._early.add(event["id"])
        self._emit("event", event)
        self.cursor = event["id"]

    def _rest(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while not self.stopped and time.monotonic() < until:
            self._waker.wait(until - time.monotonic())


def _is_lasting(error: SEMPError) -> bool:
    """Whether the next connection would fail the same way: a refusal, or a certificate that is not trusted."""
    if isinstance(error, SEMPConnectionError):
        return isinstance(error.__cause__, ssl.SSLCertVerificationError)
    return error.status < 500 and not is_passing(error)
