"""Signals: how strong a pattern is in a scope, now or at another time, and how it came about."""

from __future__ import annotations

from typing import List, cast

from .caller import Caller
from .twin import twin
from .wire import Signal


class Signals(Caller):
    """The part of the client that reads signals."""

    def get_signals(self) -> List[Signal]:
        """Lists the signals that live, strongest first."""
        return cast(List[Signal], self._get("signals"))

    get_signals_async = twin(get_signals)
