"""Signals: how strong a pattern is in a scope, now or at another time, and how it came about."""

from __future__ import annotations

from datetime import datetime
from typing import List, Optional, Union, cast

from .caller import Caller
from .errors import SEMPError
from .twin import twin
from .wire import Signal, SignalChange

#: A moment: ISO 8601, Unix seconds, or a datetime; one without a zone is local time, as everywhere in Python.
Moment = Union[str, int, float, datetime]

#: The server's most.
PAGE = 1_000


class Signals(Caller):
    """The part of the client that reads signals."""

    def get_signals(
        self,
        *,
        scope: Optional[str] = None,
        pattern: Optional[str] = None,
        min_strength: Optional[float] = None,
        as_of: Optional[Moment] = None,
        limit: Optional[int] = None,
        rollup: Optional[bool] = None,
    ) -> List[Signal]:
        """Lists the signals that live, strongest first.

        Args:
            scope: only in this scope, or as a pattern: `ui.*` is everything below ui
            pattern: only of this pattern
            min_strength: only those at least this strong (0 to 1)
            as_of: as they were, or will be without further events, at this moment
            limit: only the strongest so many
            rollup: of each pattern the strongest in the scope or below it
        """
        query = {
            "scope": scope,
            "pattern": pattern,
            "min_strength": min_strength,
            "as_of": _text(as_of),
            "limit": limit,
            "rollup": rollup,
        }
        return cast(List[Signal], self._get("signals", query=query))

    get_signals_async = twin(get_signals)

    def get_signal(self, scope: str, pattern: str, *, as_of: Optional[Moment] = None) -> Optional[Signal]:
        """Reads the signal of a pattern in a scope; None when there is none, or its strength has gone below 0.01."""
        query = {"scope": scope, "pattern": pattern, "as_of": _text(as_of)}
        try:
            return cast(Optional[Signal], self._get("signals", "lookup", query=query))
        except SEMPError as error:
            if error.status != 404:
                raise
            return None

    get_signal_async = twin(get_signal)

    def get_signal_history(self, signal_id: str, *, limit: Optional[int] = None) -> List[SignalChange]:
        """Explains the strength of a signal: every event that touched it, oldest first, and the decay in between.

        Args:
            signal_id: also of a signal that is gone
            limit: the first so many; all by default

        Raises:
            SEMPError: 404 when there never was such a signal
        """
        changes: List[SignalChange] = []
        after: Optional[str] = None
        while True:
            page = PAGE if limit is None else min(PAGE, limit - len(changes))
            target = self._address.target("signals", signal_id, "history", query={"limit": page, "after": after})
            answer = self._transport.request("GET", target)
            changes += answer.json()
            after = answer.headers.get("x-next-cursor")
            if after is None or len(changes) == limit:
                return changes

    get_signal_history_async = twin(get_signal_history)


def _text(moment: Optional[Moment]) -> Optional[str]:
    if moment is None or isinstance(moment, str):
        return moment
    seconds = moment.timestamp() if isinstance(moment, datetime) else moment
    return f"{seconds:.3f}"
