"""The asyncio form of a blocking method, with its signature."""

from __future__ import annotations

import asyncio
import functools
from typing import TYPE_CHECKING, Any, Callable, Coroutine, TypeVar

if TYPE_CHECKING:
    # Only for checkers, which know it without an installation: typing has these from Python 3.10 on.
    from typing_extensions import Concatenate, ParamSpec

    P = ParamSpec("P")

R = TypeVar("R")
S = TypeVar("S")


def twin(method: Callable[Concatenate[S, P], R]) -> Callable[Concatenate[S, P], Coroutine[Any, Any, R]]:
    """Runs the method on a thread, so that the event loop goes on.

    Cancelling the coroutine does not take back a request that is under way.
    """

    async def run(self: S, /, *args: P.args, **kwargs: P.kwargs) -> R:
        # By name, so that a subclass's own method counts.
        bound = getattr(self, method.__name__)
        result: R = await asyncio.to_thread(bound, *args, **kwargs)
        return result

    functools.update_wrapper(run, method, updated=())
    run.__name__ = f"{method.__name__}_async"
    run.__qualname__ = f"{method.__qualname__}_async"
    run.__doc__ = f"`{method.__name__}` for asyncio: the same, without blocking the event loop."
    return run
