"""Handlers and the live stream of a client, blocking, in the background or on an event loop."""

from __future__ import annotations

import asyncio
import concurrent.futures
import functools
import ssl
import threading
from dataclasses import replace
from typing import Any, Callable, Optional, Sequence, TypeVar, Union, overload

from .address import Address
from .caller import Caller
from .errors import SEMPConnectionError, SEMPError
from .handlers import EventName, Handler, Handlers
from .stream import Emit, Stream
from .transport import Transport
from .twin import twin
from .wishes import Patience, Wishes

H = TypeVar("H", bound=Handler)

#: An event has at most 256 KiB of payload; a larger message is nothing this client would know.
MAX_MESSAGE_BYTES = 4 * 1024 * 1024
#: How long `close` waits for the stream's goodbye (s).
CLOSE_SECONDS = 5.0
#: How often the stream's thread looks whether it was stopped while an event loop runs a handler (s).
GLANCE_SECONDS = 0.2


class Live(Caller):
    """The part of the client that listens."""

    def __init__(
        self, address: Address, transport: Transport, timeout: float, ssl_context: Optional[ssl.SSLContext]
    ) -> None:
        super().__init__(address, transport)
        self._timeout = timeout
        self._ssl_context = ssl_context
        self._handlers = Handlers()
        self._patience = Patience()
        self._lock = threading.Lock()
        self._stream: Optional[Stream] = None
        #: The thread that runs handlers at this moment: it must not wait for itself.
        self._calling: Optional[int] = None

    @overload
    def on(self, name: EventName) -> Callable[[H], H]: ...

    @overload
    def on(self, name: EventName, handler: H) -> H: ...

    def on(self, name: EventName, handler: Optional[H] = None) -> Union[H, Callable[[H], H]]:
        """Registers a handler; a decorator when none is given.

        ========== ========================================================================================
        `event`    gets the event
        `signal`   gets the signal, after each change by an event
        `open`     gets nothing: a connection is open
        `close`    gets a dictionary: `code`, `reason`, and whether the client is `reconnecting`
        `error`    gets the exception of a failed connection or of a handler; unheard ones are logged
        `lagged`   gets how many events the server could not keep for this slow reader; they still follow
        ========== ========================================================================================

        Handlers are called one at a time, in the order of the events. The stream waits for them.

        Raises:
            ValueError: there is no such name
        """
        if handler is None:
            return functools.partial(self._register, name)
        return self._register(name, handler)

    def off(self, name: EventName, handler: Handler) -> None:
        """Takes a handler back. Raises ValueError for an unknown name."""
        self._handlers.remove(name, handler)

    @property
    def last_event_id(self) -> Optional[str]:
        """The id of the last event all handlers have had: what `since` wants after a restart of the program."""
        stream = self._stream
        return None if stream is None else stream.last_event_id

    def connect(
        self,
        *,
        background: bool = False,
        scopes: Optional[Sequence[str]] = None,
        types: Optional[Sequence[str]] = None,
        trace_id: Optional[str] = None,
        agent_id: Optional[str] = None,
        since: Optional[str] = None,
    ) -> None:
        """Brings the events to the handlers. A broken connection is made again, and nothing is missed or repeated.

        By default it stays here until `close()` is called, by a handler or another thread, or Ctrl-C is pressed, which
        ends it quietly; so a script can end with `client.connect()`.

        Args:
            background: return as soon as the stream is open; a daemon thread calls the handlers
            scopes: only these, as patterns: `ui.*` is everything below ui
            types: only these types
            trace_id: only this workflow
            agent_id: only of this agent
            since: begin behind the event of this id, in place of now

        Raises:
            SEMPError: refused for good, such as 401
            SEMPConnectionError: with `background`, when the stream is not open within the client's timeout
            TypeError: a handler is a coroutine function, which wants `connect_async`
            RuntimeError: it is connected already
        """
        stray = self._handlers.coroutine_functions()
        if stray:
            raise TypeError(f"{stray[0]!r} is a coroutine function: use connect_async()")
        stream = self._prepare(self._emit, Wishes(scopes, types, trace_id, agent_id), since)
        if background:
            self._start(functools.partial(self._run_quietly, stream, self._emit))
            self._await_open(stream)
            return
        try:
            stream.run()
        except KeyboardInterrupt:
            pass
        finally:
            self._transport.close()

    async def connect_async(
        self,
        *,
        background: bool = False,
        scopes: Optional[Sequence[str]] = None,
        types: Optional[Sequence[str]] = None,
        trace_id: Optional[str] = None,
        agent_id: Optional[str] = None,
        since: Optional[str] = None,
    ) -> None:
        """`connect` for asyncio. Handlers are called on the event loop and may be coroutine functions.

        Cancelling it closes the stream.
        """
        loop = asyncio.get_running_loop()
        emit = functools.partial(self._emit_on, loop)
        stream = self._prepare(emit, Wishes(scopes, types, trace_id, agent_id), since)
        ended: concurrent.futures.Future[None] = concurrent.futures.Future()

        def run() -> None:
            try:
                if background:
                    self._run_quietly(stream, emit)
                else:
                    stream.run()
                ended.set_result(None)
            except BaseException as error:
                ended.set_exception(error)

        self._start(run)
        try:
            if background:
                await asyncio.to_thread(self._await_open, stream)
            else:
                # Shielded, because cancelling the wait does not end the thread; `stop` does.
                await asyncio.shield(asyncio.wrap_future(ended))
        except asyncio.CancelledError:
            stream.stop()
            raise

    def close(self) -> None:
        """Ends the stream and closes idle connections. May be called twice; requests and `connect` may follow."""
        stream = self._stream
        if stream is not None:
            stream.stop()
            if threading.get_ident() != self._calling:
                stream.done.wait(CLOSE_SECONDS)
        self._transport.close()

    close_async = twin(close)

    def _register(self, name: EventName, handler: H) -> H:
        self._handlers.add(name, handler)
        stream = self._stream
        if name == "signal" and stream is not None:
            stream.refresh()
        return handler

    def _prepare(
        self,
        emit: Emit,
        wishes: Wishes,
        since: Optional[str],
    ) -> Stream:
        for name, value in (("scopes", wishes.scopes), ("types", wishes.types)):
            if isinstance(value, str):
                raise TypeError(f"{name} must be a list of texts, not one text")
        with self._lock:
            if self._stream is not None and not self._stream.done.is_set():
                raise RuntimeError("the stream is connected already; close() it first")
            self._stream = Stream(
                self._address.stream(),
                headers=self._transport.headers,
                timeout=self._timeout,
                max_message_bytes=MAX_MESSAGE_BYTES,
                ssl_context=self._ssl_context,
                emit=emit,
                wishes=lambda: replace(wishes, signals=bool(self._handlers.of("signal"))),
                since=since,
                patience=self._patience,
            )
            return self._stream

    @staticmethod
    def _start(run: Callable[[], None]) -> None:
        threading.Thread(target=run, name="semp-stream", daemon=True).start()

    @staticmethod
    def _run_quietly(stream: Stream, emit: Emit) -> None:
        """On a thread nobody waits for. What ends the stream before it is open is said by `_await_open`."""
        try:
            stream.run()
        except SEMPError as error:
            if stream.opened.exception() is None:
                emit("error", error)

    def _await_open(self, stream: Stream) -> None:
        try:
            stream.opened.result(self._timeout)
        except concurrent.futures.TimeoutError as error:
            stream.stop()
            raise SEMPConnectionError(f"the stream was not open within {self._timeout:g} s") from error

    def _emit(self, name: str, *args: Any) -> None:
        self._calling = threading.get_ident()
        try:
            self._handlers.call(name, *args)
        finally:
            self._calling = None

    def _emit_on(self, loop: asyncio.AbstractEventLoop, name: str, *args: Any) -> None:
        """From the stream's thread: has the loop call the handlers, and waits until they are through."""

        async def call() -> None:
            self._calling = threading.get_ident()
            try:
                await self._handlers.call_async(name, *args)
            finally:
                self._calling = None

        stream = self._stream
        calling = call()
        try:
            future = asyncio.run_coroutine_threadsafe(calling, loop)
        except RuntimeError:
            # The loop is closed, so nobody is left to hear anything.
            calling.close()
            if stream is not None:
                stream.stop()
            return
        while not concurrent.futures.wait((future,), GLANCE_SECONDS).done:
            if stream is None or stream.stopped or loop.is_closed():
                return
