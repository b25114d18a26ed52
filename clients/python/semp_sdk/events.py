"""Events: posting them, and reading them in every order they can be wanted in."""

from __future__ import annotations

import asyncio
from typing import Any, AsyncIterator, Iterator, List, Literal, Mapping, Optional, Sequence, Tuple, Union, cast

from .caller import Caller, Query, given
from .twin import twin
from .wire import BatchResult, Event, EventDraft

Order = Literal["asc", "desc"]
Types = Union[None, str, Sequence[str]]

#: The server's most.
PAGE = 1_000


class Events(Caller):
    """The part of the client that posts and reads events.

    The lists share these filters:

    - `limit`: at most this many, up to 1,000
    - `before`, `after`: only those before or after the event of this id
    - `type`: only this type, or one of these
    - `agent_id`, `trace_id`: only those of this agent, of this workflow
    - `scope`: only this scope, or as a pattern: `ui.*` is everything below ui, `*.login` has one word before it
    - `order`: `asc` for oldest first; otherwise newest first
    """

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
            idempotency_key: posted again under the same key it is the same event; a fresh key by default

        Raises:
            SEMPError: 400 when a field is not what it must be
        """
        draft = given(
            type=type,
            scope=scope,
            trace_id=trace_id,
            agent_id=agent_id,
            payload=payload,
            parent_ids=None if parent_ids is None else list(parent_ids),
        )
        return cast(Event, self._send("POST", "events", body=draft, idempotency_key=idempotency_key))

    create_event_async = twin(create_event)

    def create_events(
        self, events: Sequence[EventDraft], *, ordered: bool = True, idempotency_key: Optional[str] = None
    ) -> List[BatchResult]:
        """Posts many events at once, up to 1,000 in 8 MiB, as if one were posted after the other.

        Args:
            events: dictionaries with the fields of `create_event`
            ordered: False: those that name their signal may stand in the log in another order, which is faster
            idempotency_key: posted again under the same key they are the same events; a fresh key by default

        Returns:
            one result for each, in their order: `status` 201 and `event`, or another `status`, `message` and `code`.
            A wrong one does not stop the others, and raises nothing.
        """
        body = {"events": [dict(event) for event in events], "ordered": ordered}
        answer = self._send("POST", "events", "batch", body=body, idempotency_key=idempotency_key)
        return cast(List[BatchResult], answer["results"])

    create_events_async = twin(create_events)

    def get_events(
        self,
        *,
        limit: Optional[int] = None,
        before: Optional[str] = None,
        after: Optional[str] = None,
        type: Types = None,
        agent_id: Optional[str] = None,
        scope: Optional[str] = None,
        trace_id: Optional[str] = None,
        order: Optional[Order] = None,
    ) -> List[Event]:
        """Lists events, newest first: 100 of them unless told otherwise. See the class for the filters."""
        query = _filters(limit, before, after, type, agent_id, scope, trace_id, order)
        return cast(List[Event], self._get("events", query=query))

    get_events_async = twin(get_events)

    def get_events_by_scope(
        self,
        scope: str,
        *,
        limit: Optional[int] = None,
        before: Optional[str] = None,
        after: Optional[str] = None,
        type: Types = None,
        agent_id: Optional[str] = None,
        trace_id: Optional[str] = None,
        order: Optional[Order] = None,
    ) -> List[Event]:
        """Lists the events of exactly this scope, newest first; up to 1,000. See the class for the filters."""
        query = _filters(limit, before, after, type, agent_id, None, trace_id, order)
        return cast(List[Event], self._get("events", "scope", scope, query=query))

    get_events_by_scope_async = twin(get_events_by_scope)

    def get_events_by_trace(
        self,
        trace_id: str,
        *,
        limit: Optional[int] = None,
        before: Optional[str] = None,
        after: Optional[str] = None,
        type: Types = None,
        agent_id: Optional[str] = None,
        scope: Optional[str] = None,
        order: Optional[Order] = None,
    ) -> List[Event]:
        """Lists the events of a workflow, newest first; up to 1,000. See the class for the filters."""
        query = _filters(limit, before, after, type, agent_id, scope, None, order)
        return cast(List[Event], self._get("events", "trace", trace_id, query=query))

    get_events_by_trace_async = twin(get_events_by_trace)

    def iter_events(
        self,
        *,
        before: Optional[str] = None,
        after: Optional[str] = None,
        type: Types = None,
        agent_id: Optional[str] = None,
        scope: Optional[str] = None,
        trace_id: Optional[str] = None,
        order: Optional[Order] = None,
    ) -> Iterator[Event]:
        """Goes through all events that pass the filters, page by page. See the class for the filters."""
        query = _filters(PAGE, before, after, type, agent_id, scope, trace_id, order)
        while True:
            events, cursor = self._page(query)
            yield from events
            if cursor is None:
                return
            query = {**query, "after" if order == "asc" else "before": cursor}

    async def iter_events_async(
        self,
        *,
        before: Optional[str] = None,
        after: Optional[str] = None,
        type: Types = None,
        agent_id: Optional[str] = None,
        scope: Optional[str] = None,
        trace_id: Optional[str] = None,
        order: Optional[Order] = None,
    ) -> AsyncIterator[Event]:
        """`iter_events` for asyncio: `async for event in client.iter_events_async()`."""
        query = _filters(PAGE, before, after, type, agent_id, scope, trace_id, order)
        while True:
            events, cursor = await asyncio.to_thread(self._page, query)
            for event in events:
                yield event
            if cursor is None:
                return
            query = {**query, "after" if order == "asc" else "before": cursor}

    def get_event(self, event_id: str) -> Event:
        """Reads one event. Raises SEMPError: 404 when there is none."""
        return cast(Event, self._get("events", event_id))

    get_event_async = twin(get_event)

    def get_ancestors(
        self, event_id: str, *, limit: Optional[int] = None, depth: Optional[int] = None
    ) -> List[Event]:
        """Lists the events this one follows from along `parent_ids`, the nearest first, each once.

        Args:
            limit: at most this many, up to 1,000
            depth: at most so many steps away

        Raises:
            SEMPError: 404 when there is no such event
        """
        query = {"limit": limit, "depth": depth}
        return cast(List[Event], self._get("events", event_id, "ancestors", query=query))

    get_ancestors_async = twin(get_ancestors)

    def get_descendants(
        self, event_id: str, *, limit: Optional[int] = None, depth: Optional[int] = None
    ) -> List[Event]:
        """Lists the events that follow from this one, the nearest first, each once; as `get_ancestors`."""
        query = {"limit": limit, "depth": depth}
        return cast(List[Event], self._get("events", event_id, "descendants", query=query))

    get_descendants_async = twin(get_descendants)

    def _page(self, query: Query) -> Tuple[List[Event], Optional[str]]:
        """A page, and where the next one begins; None when this was the last."""
        answer = self._transport.request("GET", self._address.target("events", query=query))
        return answer.json(), answer.headers.get("x-next-cursor")


def _filters(
    limit: Optional[int],
    before: Optional[str],
    after: Optional[str],
    type: Types,
    agent_id: Optional[str],
    scope: Optional[str],
    trace_id: Optional[str],
    order: Optional[Order],
) -> Query:
    return {
        "limit": limit,
        "before": before,
        "after": after,
        "type": type,
        "agent_id": agent_id,
        "scope": scope,
        "trace_id": trace_id,
        "order": order,
    }
