"""What a stream is to bring, and how long it waits for what."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Dict, Optional, Sequence, Union

#: An event's id, or a number the server gave; None: from now on.
Cursor = Union[None, str, int]


@dataclass(frozen=True)
class Wishes:
    """What to hear; None: everything."""

    scopes: Optional[Sequence[str]] = None
    types: Optional[Sequence[str]] = None
    trace_id: Optional[str] = None
    agent_id: Optional[str] = None
    signals: bool = False

    @property
    def everything(self) -> bool:
        """Whether no event is filtered out."""
        return not (self.scopes or self.types or self.trace_id or self.agent_id)

    def message(self, since: Cursor) -> str:
        """The `subscribe` message."""
        wanted: Dict[str, Any] = {
            "scopes": None if self.scopes is None else list(self.scopes),
            "types": None if self.types is None else list(self.types),
            "trace_id": self.trace_id,
            "agent_id": self.agent_id,
            "since": since,
            "signals": True if self.signals else None,
        }
        given = {name: value for name, value in wanted.items() if value is not None}
        return json.dumps({"type": "subscribe", **given})


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
    subscribed: float = 5.0
