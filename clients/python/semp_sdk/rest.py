"""The REST calls of a client, one method an operation."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Optional, Sequence, cast

from .address import Address
from .errors import SEMPError
from .transport import Transport
from .twin import twin
from .wire import Event, EventDraft, Signal


class Rest:
    """The part of the client that asks."""

    def __init__(self, address: Address, transport: Transport) -> None:
        self._address = address
        self._transport = transport

    def create_event(
        self,
        *,
        type: str,
        scope: str,
        trace_id: str,
        agent_id: str,
        payload: Mapping[str, Any],
        parent_ids: Optional[Sequence[str]] = None,
        idempotency_key: Optional[str] = None,
    ) -> Event:
        """Posts an event. When it returns, the event is stored and its signal has changed.

        Args:
            type: proposal, ready, test, reward or penalty
            scope: dotted, such as `ui.login`
            trace_id: one per workflow
            agent_id: who posts it
            payload: anything JSON can hold; `action` names the pattern, `value` says how much
            parent_ids: the events this one follows from
            idempotency_key: the same event posted again under the same key is the same event; a fresh key by default

        Raises:
            SEMPError: 400 when a field is not what it must be
        """
        draft: Dict[str, Any] = {
            "type": type,
            "scope": scope,
            "trace_id": trace_id,
            "agent_id": agent_id,
            "payload": payload,
        }
        if parent_ids is not None:
            draft["parent_ids"] = list(parent_ids)
        target = self._address.target("events")
        return cast(Event, self._transport.request("POST", target, draft, idempotency_key=idempotency_key))

    create_event_async = twin(create_event)
