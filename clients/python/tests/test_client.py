"""What each method asks the server for. That a real one understands it is tested outside this package."""

import asyncio
import json
import unittest
from datetime import datetime, timezone

from semp_sdk import SEMPClient, SEMPError

from .test_transport import Script, answer

NOON = datetime(2026, 1, 15, 10, 30, 0, 250_000, tzinfo=timezone.utc)
EVENT = {"type": "proposal", "scope": "ui", "trace_id": "t", "agent_id": "a", "payload": {}}


class Case(unittest.TestCase):
    def client(self, script):
        client = SEMPClient(script.url, retries=0)
        self.addCleanup(client.close)
        return client


class Methods(Case):
    def test_ask_for_what_they_are_named_after(self):
        for name, args, options, method, target, body in (
            ("create_event", (), EVENT, "POST", "/events", EVENT),
            ("create_event", (), {**EVENT, "parent_ids": ("p",)}, "POST", "/events", {**EVENT, "parent_ids": ["p"]}),
            ("get_events", (), {}, "GET", "/events", None),
            (
                "get_events",
                (),
                {"limit": 5, "before": "b", "after": "a", "type": ["ready", "test"], "agent_id": "x", "order": "asc"},
                "GET",
                "/events?limit=5&before=b&after=a&type=ready&type=test&agent_id=x&order=asc",
                None,
            ),
            ("get_events", (), {"scope": "ui.*", "trace_id": "t"}, "GET", "/events?scope=ui.%2A&trace_id=t", None),
            ("get_events", (), {"type": "ready"}, "GET", "/events?type=ready", None),
            ("get_event", ("e",), {}, "GET", "/events/e", None),
            ("get_events_by_scope", ("a/b c",), {"limit": 3}, "GET", "/events/scope/a%2Fb%20c?limit=3", None),
            ("get_events_by_trace", ("t#1",), {"order": "asc"}, "GET", "/events/trace/t%231?order=asc", None),
            ("get_ancestors", ("e",), {"depth": 2}, "GET", "/events/e/ancestors?depth=2", None),
            ("get_descendants", ("e",), {"limit": 2}, "GET", "/events/e/descendants?limit=2", None),
            ("get_signals", (), {}, "GET", "/signals", None),
            (
                "get_signals",
                (),
                {"scope": "ui", "pattern": "p", "min_strength": 0.5, "limit": 3, "rollup": True},
                "GET",
                "/signals?scope=ui&pattern=p&min_strength=0.5&limit=3&rollup=true",
                None,
            ),
            ("get_signals", (), {"as_of": "2026-01-15T10:30Z"}, "GET", "/signals?as_of=2026-01-15T10%3A30Z", None),
            ("get_signals", (), {"as_of": 1768473000}, "GET", "/signals?as_of=1768473000.000", None),
            ("get_signals", (), {"as_of": NOON}, "GET", "/signals?as_of=1768473000.250", None),
            ("get_signal", ("ui", "a b"), {}, "GET", "/signals/lookup?scope=ui&pattern=a+b", None),
            ("get_signal_history", ("s",), {"limit": 1}, "GET", "/signals/s/history?limit=1", None),
            ("create_webhook", (), {"url": "https://x"}, "POST", "/webhooks", {"url": "https://x"}),
            (
                "create_webhook",
                (),
                {"url": "https://x", "events": ("reward",), "scopes": ["ui.*"], "active": False, "secret": "whsec_"},
                "POST",
                "/webhooks",
                {"url": "https://x", "events": ["reward"], "scopes": ["ui.*"], "active": False, "secret": "whsec_"},
            ),
            ("get_webhooks", (), {"limit": 9, "after": "w"}, "GET", "/webhooks?limit=9&after=w", None),
            ("get_webhook", ("w",), {}, "GET", "/webhooks/w", None),
            ("update_webhook", ("w",), {"active": True}, "PATCH", "/webhooks/w", {"active": True}),
            ("update_webhook", ("w",), {"skip_missed": False}, "PATCH", "/webhooks/w", {"skip_missed": False}),
            ("update_webhook", ("w",), {"scopes": []}, "PATCH", "/webhooks/w", {"scopes": []}),
            ("delete_webhook", ("w",), {}, "DELETE", "/webhooks/w", None),
            ("rotate_webhook", ("w",), {}, "POST", "/webhooks/w/rotate", {}),
            ("rotate_webhook", ("w",), {"grace_seconds": 0}, "POST", "/webhooks/w/rotate", {"grace_seconds": 0}),
            ("test_webhook", ("w",), {}, "POST", "/webhooks/w/test", None),
            ("get_webhook_deliveries", ("w",), {"limit": 4}, "GET", "/webhooks/w/deliveries?limit=4", None),
        ):
            with self.subTest(name, target=target):
                script = Script(self, answer(200, ["this"]))
                client = self.client(script)
                wanted = None if name == "delete_webhook" else ["this"]
                self.assertEqual(getattr(client, name)(*args, **options), wanted)
                self.assertEqual(asyncio.run(getattr(client, f"{name}_async")(*args, **options)), wanted)
                for seen_method, seen_target, _, seen_body in script.requests:
                    self.assertEqual((seen_method, seen_target), (method, f"/api{target}"))
                    self.assertEqual(json.loads(seen_body) if seen_body else None, body)

    def test_post_many_events_at_once(self):
        results = [{"status": 201, "event": EVENT}, {"status": 400, "message": "no"}]
        script = Script(self, answer(200, {"results": results}))
        self.assertEqual(self.client(script).create_events([EVENT, {**EVENT, "type": "?"}], ordered=False), results)
        method, target, _, body = script.requests[0]
        self.assertEqual((method, target), ("POST", "/api/events/batch"))
        self.assertEqual(json.loads(body), {"events": [EVENT, {**EVENT, "type": "?"}], "ordered": False})

    def test_find_no_signal_where_there_is_none(self):
        for step in (answer(404, {"message": "Signal not found"}), answer(200, None)):
            self.assertIsNone(self.client(Script(self, step)).get_signal("ui", "p"))
        with self.assertRaises(SEMPError):
            self.client(Script(self, answer(401, {"message": "who are you?"}))).get_signal("ui", "p")

    def test_read_all_pages_of_a_history(self):
        script = Script(self, answer(200, [1, 2], X_Next_Cursor="rev:2"), answer(200, [3]))
        self.assertEqual(self.client(script).get_signal_history("s"), [1, 2, 3])
        self.assertEqual(script.requests[1][1], "/api/signals/s/history?limit=1000&after=rev%3A2")
        script = Script(self, answer(200, [1, 2], X_Next_Cursor="rev:2"))
        self.assertEqual(self.client(script).get_signal_history("s", limit=2), [1, 2])
        self.assertEqual(len(script.requests), 1)

    def test_keep_a_given_idempotency_key(self):
        script = Script(self, answer(201, {}))
        client = self.client(script)
        client.create_event(**EVENT, idempotency_key="k1")
        client.create_webhook(url="https://x", idempotency_key="k2")
        self.assertEqual(script.keys, ["k1", "k2"])

    def test_go_through_all_pages(self):
        def pages():
            return Script(
                self,
                answer(200, [{"id": "3"}, {"id": "2"}], X_Next_Cursor="seq:2"),
                answer(200, [], X_Next_Cursor="seq:1"),
                answer(200, [{"id": "1"}]),
            )

        async def collect(client, **filters):
            return [event["id"] async for event in client.iter_events_async(**filters)]

        for order, parameter in (("asc", "after"), ("desc", "before")):
            script = pages()
            got = [event["id"] for event in self.client(script).iter_events(scope="ui.*", order=order)]
            again = pages()
            self.assertEqual(asyncio.run(collect(self.client(again), scope="ui.*", order=order)), got)
            self.assertEqual(got, ["3", "2", "1"])
            targets = [target for _, target, _, _ in script.requests]
            self.assertEqual([target for _, target, _, _ in again.requests], targets)
            for target, cursor in zip(targets, (None, "seq%3A2", "seq%3A1")):
                self.assertIn("limit=1000&", target)
                self.assertEqual(f"{parameter}={cursor}" in target, cursor is not None, target)

    def test_refuse_one_text_where_a_list_is_wanted(self):
        client = self.client(Script(self, answer(200, {})))
        with self.assertRaises(TypeError):
            client.create_webhook(url="https://x", scopes="ui.*")


class Construction(unittest.TestCase):
    def test_knows_where_a_server_is_without_being_told(self):
        self.assertEqual(SEMPClient()._address.stream().geturl(), "ws://localhost:5000/ws")

    def test_refuses_what_cannot_work(self):
        for options in (
            {"base_url": "localhost:5000"},
            {"timeout": 0},
            {"timeout": float("nan")},
            {"retries": -1},
            {"token": ""},
            {"token": "a b"},
            {"token": "a\nb"},
            {"token": "ä"},
        ):
            with self.subTest(**options), self.assertRaises(ValueError):
                SEMPClient(**options)
