"""The REST calls of a client about events and signals, one method an operation."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Optional, Sequence, Union, cast

from .address import Address
from .errors import SEMPError
from .transport import Transport
from .twin import twin
from .wire import Event, Signal


class Rest:
    """The part of the client that posts and asks."""

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

    def get_events(
        self,
        *,
        limit: Optional[int] = None,
        before: Optional[str] = None,
        after: Optional[str] = None,
        type: Union[None, str, Sequence[str]] = None,
        agent_id: Optional[str] = None,
        scope: Optional[str] = None,
        order: Optional[str] = None,
    ) -> List[Event]:
        """Lists events, newest first: 100 of them unless told otherwise.

        Args:
            limit: at most this many, up to 1,000
            before: only those before the event of this id
            after: only those after the event of this id
            type: only this type, or these
            agent_id: only those of this agent
            scope: only these, as a pattern: `ui.*` is everything below ui
            order: `asc` for oldest first
        """
        query = {
            "limit": limit,
            "before": before,
            "after": after,
            "type": type,
            "agent_id": agent_id,
            "scope": scope,
            "order": order,
        }
        return cast(List[Event], self._transport.request("GET", self._address.target("events", query=query)))

    get_events_async = twin(get_events)

    def get_event(self, event_id: str) -> Event:
        """Reads one event. Raises SEMPError: 404 when there is none."""
        return cast(Event, self._transport.request("GET", self._address.target("events", event_id)))

    get_event_async = twin(get_event)

    def get_events_by_scope(self, scope: str) -> List[Event]:
        """Lists the events of exactly this scope, newest first; up to 1,000."""
        return cast(List[Event], self._transport.request("GET", self._address.target("events", "scope", scope)))

    get_events_by_scope_async = twin(get_events_by_scope)

    def get_events_by_trace(self, trace_id: str) -> List[Event]:
        """Lists the events of a workflow, newest first; up to 1,000."""
        return cast(List[Event], self._transport.request("GET", self._address.target("events", "trace", trace_id)))

    get_events_by_trace_async = twin(get_events_by_trace)

    def get_signals(self) -> List[Signal]:
        """Lists the signals that live, strongest first."""
        return cast(List[Signal], self._transport.request("GET", self._address.target("signals")))

    get_signals_async = twin(get_signals)
