"""Who wants to hear what, and calling them so that one's mistake is not another's."""

from __future__ import annotations

import inspect
import logging
import threading
from typing import Any, Callable, Dict, Final, List, Literal, Tuple

from .errors import SEMPError

Handler = Callable[..., Any]
EventName = Literal["event", "signal", "open", "close", "error", "lagged"]

#: What can be heard, with what a handler gets.
NAMES: Final[Tuple[EventName, ...]] = (
    "event",  # the event
    "signal",  # the signal, after each change
    "open",  # nothing
    "close",  # {"code": int, "reason": str, "reconnecting": bool}
    "error",  # the exception
    "lagged",  # how many events the server could not keep for us; they follow
)

log = logging.getLogger("semp_sdk")


class Handlers:
    """The handlers of one client. Safe for many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_name: Dict[str, List[Handler]] = {name: [] for name in NAMES}

    def add(self, name: str, handler: Handler) -> None:
        """Raises ValueError for an unknown name."""
        with self._lock:
            self._list(name).append(handler)

    def remove(self, name: str, handler: Handler) -> None:
        """Removes it once; nothing happens when it is not there."""
        with self._lock:
            handlers = self._list(name)
            if handler in handlers:
                handlers.remove(handler)

    def of(self, name: str) -> List[Handler]:
        with self._lock:
            return list(self._list(name))

    def coroutine_functions(self) -> List[Handler]:
        """Those that only an event loop can run."""
        return [handler for name in NAMES for handler in self.of(name) if inspect.iscoroutinefunction(handler)]

    def call(self, name: str, *args: Any) -> None:
        """Calls them one after the other, in the order of their registration. Never raises."""
        for handler in self._called(name, args):
            try:
                result = handler(*args)
                if inspect.iscoroutine(result):
                    result.close()
                    raise TypeError(f"{handler!r} is a coroutine function: use connect_async()")
            except Exception as error:
                trouble = _trouble(name, handler, error)
                if trouble:
                    self.call("error", error)

    async def call_async(self, name: str, *args: Any) -> None:
        """The same on an event loop: waits for those that are coroutines."""
        for handler in self._called(name, args):
            try:
                result = handler(*args)
                if inspect.isawaitable(result):
                    await result
            except Exception as error:
                trouble = _trouble(name, handler, error)
                if trouble:
                    await self.call_async("error", error)

    def _called(self, name: str, args: Tuple[Any, ...]) -> List[Handler]:
        handlers = self.of(name)
        if name == "error" and not handlers:
            # Nobody listens, and silence would look as if all were well.
            log.warning("%s", args[0], exc_info=args[0] if _is_bug(args[0]) else None)
        return handlers

    def _list(self, name: str) -> List[Handler]:
        try:
            return self._by_name[name]
        except KeyError:
            raise ValueError(f"no such event {name!r}; there are {', '.join(NAMES)}") from None


def _trouble(name: str, handler: Handler, error: Exception) -> bool:
    """Whether the error handlers are to hear of it. One that fails itself is only logged."""
    if name != "error":
        return True
    log.error("the error handler %r failed", handler, exc_info=error)
    return False


def _is_bug(error: object) -> bool:
    """Whether a traceback helps: in a handler, but not when the network is down."""
    return isinstance(error, BaseException) and not isinstance(error, SEMPError)
