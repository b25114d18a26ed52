"""The objects on the wire, as they are: plain dictionaries with the server's field names."""

from __future__ import annotations

from typing import Any, Dict, List, Literal, Mapping, Optional, Sequence, TypedDict

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


class _RequiredDraft(TypedDict):
    type: str
    scope: str
    trace_id: str
    agent_id: str
    payload: Mapping[str, Any]


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


class EventDraft(_RequiredDraft, total=False):
    """What becomes an event: everything but `id` and `timestamp`."""

    parent_ids: Sequence[str]


class BatchResult(TypedDict, total=False):
    """What became of one event of a batch: 201 and the `event`, or another status with `message` and `code`."""

    status: int
    event: Event
    message: str
    code: str


#: `to` = `from` · lambda ^ (`seconds` / `interval_seconds`), in whole intervals when `stepped`.
Decay = TypedDict(
    "Decay",
    {
        "from": float,
        "to": float,
        "seconds": float,
        "lambda": float,
        "interval_seconds": float,
        "stepped": bool,
    },
)

class SignalChange(TypedDict):
    """An event in the history of a signal: its strength just `before` and just `after`.

    `decay` is what happened since the change before, None for the first; `value` is the magnitude of a reward or
    penalty, `alpha` the weight of a reward.
    """

    event_id: str
    type: EventType
    timestamp: str
    agent_id: str
    trace_id: str
    scope: str
    value: Optional[float]
    alpha: Optional[float]
    decay: Optional[Decay]
    before: float
    after: float


class WebhookCore(TypedDict):
    """What a webhook is; empty `events` or `scopes` mean all."""

    id: str
    url: str
    events: List[EventType]
    scopes: List[str]
    active: bool
    created_at: str


class CreatedWebhook(WebhookCore):
    """A webhook and, this once, the `secret` that signs its deliveries."""

    secret: str


class Webhook(WebhookCore):
    """A webhook and how it is doing. `waiting`: the next event failed and is tried again at `next_attempt_at`."""

    status: Literal["active", "waiting", "disabled"]
    disabled_reason: Optional[Literal["paused", "gone", "failures"]]
    next_attempt_at: Optional[str]
    consecutive_failures: int
    delivered_total: int
    failed_total: int
    previous_secret_expires_at: Optional[str]


class RotatedSecret(TypedDict):
    """The new secret of a webhook; until the given time deliveries are signed with the previous one too."""

    id: str
    secret: str
    previous_secret_expires_at: Optional[str]


class WebhookTest(TypedDict):
    """What came of a test; `status` is None when there was no answer."""

    delivery_id: str
    delivered: bool
    status: Optional[int]
    error: Optional[str]
    duration_ms: float


class Delivery(TypedDict):
    """One attempt to deliver; `delivery_id` is the `webhook-id` header, the same in every attempt."""

    delivery_id: str
    event_id: str
    event_type: str
    attempt: int
    outcome: Literal["delivered", "retrying", "failed"]
    status: Optional[int]
    error: Optional[str]
    duration_ms: float
    timestamp: str
