"""A small shared environment in memory, with the published interface and `subscribe`, for tests of the stream."""

from __future__ import annotations

import json
import threading
import time
import uuid
from typing import Any, Callable, Dict, List, Optional
from urllib.parse import parse_qs, urlsplit

from .peer import CLOSE, PING, PONG, TEXT, Peer, Server


class Subscriber:
    def __init__(self, peer: Peer) -> None:
        self.peer = peer
        self.wishes: Dict[str, Any] = {}


class Environment:
    """Events go to every client as they are made, and again behind `since` to whoever subscribes.

    Args:
        modern: knows `subscribe`; otherwise it takes no notice of what clients send
        before_answer: called before `subscribe` is answered
    """

    def __init__(self, modern: bool = True, before_answer: Callable[[], None] = lambda: None) -> None:
        self._modern = modern
        self._before_answer = before_answer
        self._lock = threading.RLock()
        self._subscribers: List[Subscriber] = []
        self.log: List[Dict[str, Any]] = []
        #: What clients sent over WebSockets, and the headers of their handshakes.
        self.heard: List[Dict[str, Any]] = []
        self.handshakes: List[Dict[str, str]] = []
        #: Answers handshakes in place of agreeing, while it is not None.
        self.refusal: Optional[Callable[[Peer], None]] = None
        self.pings = 0
        self.answers_pings = True
        self.server = Server(self._serve)
        self.url = self.server.url

    def post(self, scope: str = "ui.login", **fields: Any) -> str:
        """Makes an event. Returns its id."""
        event = {
            "id": str(uuid.uuid4()),
            "type": "proposal",
            "scope": scope,
            "trace_id": "t",
            "agent_id": "a",
            "parent_ids": [],
            "timestamp": "2026-01-15T10:30:00.000Z",
            "payload": {},
            **fields,
        }
        with self._lock:
            self.log.append(event)
            for subscriber in self._subscribers:
                self._send(subscriber, {"type": "event", "data": event})
        return str(event["id"])

    def tell(self, message: object) -> None:
        """Sends a message to every client."""
        with self._lock:
            for subscriber in self._subscribers:
                self._send(subscriber, message)

    def restart(self, outage: Callable[[], object] = lambda: None) -> None:
        """Is away while `outage` runs, then listens at the same place again, with the same log."""
        self.server.close()
        outage()
        self.server = Server(self._serve, port=self.server.port)

    def wait_for(self, ready: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 20
        while not ready():
            if time.monotonic() > deadline:
                raise AssertionError("it did not happen within 20 s")
            time.sleep(0.002)

    @property
    def clients(self) -> int:
        return len(self._subscribers)

    def _serve(self, peer: Peer) -> None:
        while True:
            method, target, headers, body = peer.read_request()
            if headers.get("upgrade") == "websocket":
                self.handshakes.append({"target": target, **headers})
                if self.refusal is not None:
                    return self.refusal(peer)
                return self._converse(peer, headers)
            self._answer(peer, method, target, body)

    def _answer(self, peer: Peer, method: str, target: str, body: bytes) -> None:
        url = urlsplit(target)
        if method == "POST":
            fields = json.loads(body)
            event_id = self.post(**fields)
            peer.answer(201, next(event for event in self.log if event["id"] == event_id))
        elif url.path == "/api/signals":
            peer.answer(200, [])
        else:
            limit = int(parse_qs(url.query).get("limit", ["100"])[0])
            scope = url.path.rpartition("/scope/")[2] if "/scope/" in url.path else None
            found = [event for event in self.log if scope in (None, event["scope"])]
            peer.answer(200, found[::-1][:limit])

    def _converse(self, peer: Peer, headers: Dict[str, str]) -> None:
        subscriber = Subscriber(peer)
        with self._lock:
            # Whoever has seen the answer hears every event that is made from then on.
            peer.accept(headers)
            self._subscribers.append(subscriber)
        try:
            while True:
                opcode, payload = peer.read_frame()
                if opcode == CLOSE:
                    return peer.send_frame(CLOSE, payload)
                if opcode == PING:
                    self.pings += 1
                    if self.answers_pings:
                        peer.send_frame(PONG, payload)
                if opcode == TEXT:
                    self._subscribe(subscriber, json.loads(payload))
        finally:
            with self._lock:
                self._subscribers.remove(subscriber)

    def _subscribe(self, subscriber: Subscriber, message: Dict[str, Any]) -> None:
        if not self._modern:
            self.heard.append(message)
            return
        self._before_answer()
        with self._lock:
            self.heard.append(message)
            subscriber.wishes = message
            if "bad" in message.get("scopes", []):
                return self._send(subscriber, {"type": "error", "message": "scopes.0: Too big"})
            ids = [event["id"] for event in self.log]
            since = message.get("since", len(ids))
            if isinstance(since, str) and since not in ids:
                return self._send(subscriber, {"type": "error", "message": f'since: there is no event "{since}"'})
            cursor = since if isinstance(since, int) else ids.index(since) + 1
            self._send(subscriber, {"type": "subscribed", "cursor": cursor})
            for event in self.log[cursor:]:
                self._send(subscriber, {"type": "event", "data": event})

    def _send(self, subscriber: Subscriber, message: Any) -> None:
        data = message.get("data", {})
        types = subscriber.wishes.get("types")
        if message["type"] == "event" and types is not None and data["type"] not in types:
            return
        try:
            subscriber.peer.send_json(message)
        except OSError:
            pass  # It is about to be noticed by whoever reads from it.
