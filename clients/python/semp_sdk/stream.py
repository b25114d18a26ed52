"""The live stream: an open connection, a new one when it breaks, and every event exactly once in between.

1. The cursor is the id of the last event that was handed on; before the first one, where the server's log stood when it
   answered the first subscription. It is open from that answer on, and nothing after it is missed.
2. Each connection subscribes, the later ones with `since` = cursor. What comes before the server's `subscribed` is kept
   back. With `since` it comes again in the replay. Without, it was before the beginning; but who wants everything gets
   it, as does who speaks to a server that turns out not to know `subscribe`.
3. All of this happens on one thread. Others may `stop` and `refresh` it.
"""

from __future__ import annotations

import json
import random
import ssl
import threading
import time
from concurrent.futures import Future
from typing import Any, Callable, Dict, List, Mapping, Optional, Set
from urllib.parse import SplitResult

from .errors import SEMPConnectionError, SEMPError
from .retry import is_passing
from .waker import Waker
from .websocket import ConnectionEnded, WebSocket
from .wishes import Cursor, Patience, Wishes

#: Ids remembered of what was handed on before an answer to `subscribe`; a server that late does not know it.
MAX_EARLY = 10_000
#: Calls the handlers of a name with arguments.
Emit = Callable[..., None]


class Stream:
    """One stream of one client.

    Args:
        wishes: read at each subscription
        since: the first cursor
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
        self._cursor: Cursor = since
        self._is_open = False
        #: The id of the last event handed on.
        self.last_event_id = since
        self.stopped = False
        #: Set when the first subscription stands, or when there will be none.
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
        self._is_open, self._unanswered = False, 0
        ended: Optional[ConnectionEnded] = None
        try:
            self._subscribe(socket)
            self._listen(socket)
        except ConnectionEnded as error:
            ended = error
        finally:
            closed = ended or socket.close(1000)
        if self._is_open:
            facts = {"code": closed.code, "reason": closed.reason, "reconnecting": not self.stopped}
            self._emit("close", facts)
        elif not self.stopped:
            self._emit("error", SEMPConnectionError(f"the connection ended before it was of use: {closed}"))

    def _open(self) -> None:
        if self._is_open:
            return
        self._is_open = True
        if not self.opened.done():
            self.opened.set_result(None)
        self._emit("open")

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
        self._unanswered += 1
        self._answer_until = time.monotonic() + self._patience.subscribed
        socket.send(self._wishes().message(self._cursor))

    def _subscribed(self, cursor: object) -> None:
        """What follows the answer to the last of several subscriptions is the stream."""
        self._unanswered = max(0, self._unanswered - 1)
        if self._unanswered > 0:
            return
        held, self._held, self._answer_until, self._in_doubt = self._held, [], None, False
        self._open()
        if self._cursor is None and isinstance(cursor, int):
            self._cursor = cursor
            for event in held if self._wishes().everything else ():
                self._hand_on(event)

    def _refused(self, socket: WebSocket, error: SEMPError) -> None:
        """The server does not take a subscription.

        Raises:
            SEMPError: because of what is wished for; without its filters it would bring something else
        """
        if self._unanswered == 0:
            self._emit("error", error)
        elif self.opened.done() and self._cursor not in (None, 0):
            # The event we know is not in its log: it has begun a new one, in which everything is news.
            self._emit("error", error)
            self._cursor = 0
            self._subscribe(socket)
        else:
            raise error

    def _release(self) -> None:
        """No answer to `subscribe`: a server that does not know it has sent all it will send."""
        held, self._held, self._answer_until, self._in_doubt = self._held, [], None, True
        self._open()
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
            self._subscribed(message.get("cursor"))
        elif kind == "lagged":
            self._emit("lagged", message.get("dropped", 0))
        elif kind == "error":
            self._refused(socket, SEMPError(400, str(message.get("message", "the server reports an error"))))

    def _hand_on(self, event: Dict[str, Any]) -> None:
        if event["id"] in self._early:
            self._early.discard(event["id"])
            return
        if self._in_doubt and len(self._early) < MAX_EARLY:
            self._early.add(event["id"])
        self._emit("event", event)
        self._cursor = self.last_event_id = event["id"]

    def _rest(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while not self.stopped and time.monotonic() < until:
            self._waker.wait(until - time.monotonic())


def _is_lasting(error: SEMPError) -> bool:
    """Whether the next connection would fail the same way. A server's own fault (5xx) is somebody's to mend."""
    return error.status < 500 and not is_passing(error)
