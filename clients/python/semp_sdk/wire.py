"""The objects on the wire, as they are: plain dictionaries with the server's field names."""

from __future__ import annotations

from typing import Any, Dict, List, Literal, TypedDict

EventType = Literal["proposal", "ready", "test", "reward", "penalty"]


class Event(TypedDict):
    """An event. Immutable; `id` (UUID v4) and `timestamp` (ISO 8601, ms, UTC) are the server's."""

    id: str
    type: EventType
    scope: str
    trace_id: str
    agent_id: str
    parent_ids: List[str]
    timestamp: str
    payload: Dict[str, Any]


#: How strong (0 to 1) a pattern is in a scope, as of the answer. `last_updated` is the last change by an event, from
#: which it decays: strength · lambda^(Δt / interval). Written so because `lambda` is a keyword.
Signal = TypedDict(
    "Signal",
    {
        "id": str,
        "scope": str,
        "pattern": str,
        "strength": float,
        "last_updated": str,
        "alpha": float,
        "lambda": float,
    },
)


class _RequiredDraft(TypedDict):
    type: str
    scope: str
    trace_id: str
    agent_id: str
    payload: Dict[str, Any]


class EventDraft(_RequiredDraft, total=False):
    """What becomes an event: everything but `id` and `timestamp`."""

    parent_ids: List[str]
