"""Everything the client asks over REST, against the server at $SYNOD_URL. Run by client.test.ts."""

import asyncio
import os
import time
import unittest
import uuid
from datetime import datetime, timedelta, timezone

from semp_sdk import SEMPClient, SEMPError

URL = os.environ["SYNOD_URL"]
TOKEN = os.environ.get("SYNOD_TOKEN")
#: Names nobody else uses, as the server may have a past.
RUN = uuid.uuid4().hex


class Rest(unittest.TestCase):
    def setUp(self):
        self.client = SEMPClient(URL, token=TOKEN)
        self.addCleanup(self.client.close)
        self.scope = f"{RUN}.{self.id().rpartition('.')[2]}"

    def post(self, type="proposal", **fields):
        defaults = {"scope": self.scope, "trace_id": self.scope, "agent_id": "a", "payload": {"action": "improve"}}
        return self.client.create_event(type=type, **{**defaults, **fields})

    def test_events_of_every_type_come_back_as_they_were_made(self):
        made = []
        for type in ("proposal", "ready", "test", "reward", "penalty"):
            parents = [made[-1]["id"]] if made else None
            event = self.post(type, payload={"ü": [1, None, {"x": "/"}]}, parent_ids=parents)
            self.assertEqual(uuid.UUID(event["id"]).version, 4)
            self.assertEqual((event["type"], event["payload"]), (type, {"ü": [1, None, {"x": "/"}]}))
            self.assertEqual(event["parent_ids"], parents or [])
            self.assertRegex(event["timestamp"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
            made.append(event)
        newest_first = made[::-1]
        self.assertEqual(self.client.get_events()[:5], newest_first)
        self.assertEqual(self.client.get_events_by_scope(self.scope), newest_first)
        self.assertEqual(self.client.get_events_by_trace(self.scope), newest_first)

    def test_names_may_hold_anything(self):
        for scope in (f"{self.scope}/a b%2F?#&", f"{self.scope}.grüße.✓", f"../{self.scope}"):
            event = self.post(scope=scope, trace_id=scope)
            self.assertEqual(self.client.get_events_by_scope(scope), [event])
            self.assertEqual(self.client.get_events_by_trace(scope), [event])

    def test_a_scope_is_exact_and_an_unknown_one_empty(self):
        self.post(scope=f"{self.scope}.login")
        self.assertEqual(self.client.get_events_by_scope(self.scope), [])

    def test_lists_can_be_filtered_and_gone_through(self):
        made = [self.post("ready", agent_id=str(n % 2), scope=f"{self.scope}.{n}") for n in range(6)]
        tested = self.post("test", scope=f"{self.scope}.6")
        everything = {"scope": f"{self.scope}.*"}
        newest_first = [tested, *made[::-1]]
        self.assertEqual(self.client.get_events(**everything), newest_first)
        self.assertEqual(self.client.get_events(**everything, order="asc"), newest_first[::-1])
        self.assertEqual(self.client.get_events(**everything, limit=2), newest_first[:2])
        self.assertEqual(self.client.get_events(**everything, type="test"), [tested])
        self.assertEqual(self.client.get_events(**everything, type=["test", "ready"]), newest_first)
        self.assertEqual(self.client.get_events(**everything, type="ready", agent_id="1"), made[1::2][::-1])
        self.assertEqual(self.client.get_events(**everything, before=made[2]["id"]), made[:2][::-1])
        self.assertEqual(self.client.get_events(**everything, after=made[4]["id"]), [tested, made[5]])
        self.assertEqual(self.client.get_events_by_trace(self.scope, limit=1), [tested])
        self.assertEqual(self.client.get_events_by_scope(f"{self.scope}.6", type="ready"), [])
        for order, wanted in (("desc", newest_first), ("asc", newest_first[::-1])):
            self.assertEqual(list(self.client.iter_events(**everything, order=order)), wanted)
        self.assertEqual(self.client.get_event(tested["id"]), tested)
        with self.assertRaises(SEMPError) as caught:
            self.client.get_event(str(uuid.uuid4()))
        self.assertEqual((caught.exception.status, caught.exception.code), (404, "NOT_FOUND"))

    def test_goes_through_more_than_a_page(self):
        draft = {"type": "ready", "scope": self.scope, "trace_id": "t", "agent_id": "a", "payload": {"action": "x"}}
        made = []
        for _ in range(3):
            made += [result["event"]["id"] for result in self.client.create_events([draft] * 400)]
        found = [event["id"] for event in self.client.iter_events(scope=self.scope, order="asc")]
        self.assertEqual(found, made)

    def test_a_batch_tells_what_became_of_each(self):
        good = {"type": "reward", "scope": self.scope, "trace_id": "t", "agent_id": "a", "payload": {"action": "x"}}
        key = str(uuid.uuid4())
        first = self.client.create_events([good, {**good, "type": "praise"}, good], idempotency_key=key)
        self.assertEqual([result["status"] for result in first], [201, 400, 201])
        self.assertEqual(first[1]["message"], "Validation error: Invalid event type")
        self.assertEqual(self.client.get_events_by_scope(self.scope), [first[2]["event"], first[0]["event"]])
        again = self.client.create_events([good, {**good, "type": "praise"}, good], idempotency_key=key)
        self.assertEqual(again, first)

    def test_events_know_where_they_come_from(self):
        root = self.post()
        child = self.post("ready", parent_ids=[root["id"]])
        leaf = self.post("test", parent_ids=[child["id"]])
        self.assertEqual(self.client.get_ancestors(leaf["id"]), [child, root])
        self.assertEqual(self.client.get_ancestors(leaf["id"], depth=1), [child])
        self.assertEqual(self.client.get_descendants(root["id"]), [child, leaf])

    def test_rewards_and_penalties_move_a_signal(self):
        def strength():
            (signal,) = [signal for signal in self.client.get_signals() if signal["scope"] == self.scope]
            self.assertEqual(
                sorted(signal), ["alpha", "id", "lambda", "last_updated", "pattern", "scope", "strength"]
            )
            self.assertEqual((signal["pattern"], signal["alpha"], signal["lambda"]), ("improve", 1.2, 0.95))
            return signal["strength"]

        self.post()
        self.assertAlmostEqual(strength(), 0.3, delta=0.01)
        self.post("reward", payload={"action": "improve", "value": 0.5})
        self.assertAlmostEqual(strength(), 0.9, delta=0.03)
        self.post("penalty", payload={"action": "improve", "value": -0.3})
        self.assertAlmostEqual(strength(), 0.6, delta=0.03)

    def test_a_signal_can_be_found_and_explained(self):
        self.assertIsNone(self.client.get_signal(self.scope, "improve"))
        proposal = self.post()
        reward = self.post("reward", payload={"action": "improve", "value": 0.5})
        self.post(payload={"action": "other"})
        self.post(scope=f"{self.scope}.below", payload={"action": "deep"})
        signal = self.client.get_signal(self.scope, "improve")
        self.assertAlmostEqual(signal["strength"], 0.9, delta=0.03)
        history = self.client.get_signal_history(signal["id"])
        self.assertEqual([change["event_id"] for change in history], [proposal["id"], reward["id"]])
        self.assertEqual((history[0]["before"], history[0]["after"], history[0]["decay"]), (0, 0.3, None))
        self.assertEqual((history[1]["value"], history[1]["alpha"]), (0.5, 1.2))
        self.assertEqual(self.client.get_signal_history(signal["id"], limit=1), history[:1])

        def patterns(**query):
            return [signal["pattern"] for signal in self.client.get_signals(**query)]

        self.assertEqual(patterns(scope=self.scope), ["improve", "other"])
        self.assertEqual(patterns(scope=f"{self.scope}.*"), ["deep"])
        self.assertEqual(patterns(scope=self.scope, limit=1), ["improve"])
        self.assertEqual(patterns(scope=self.scope, min_strength=0.5), ["improve"])
        self.assertEqual(patterns(scope=self.scope, pattern="other"), ["other"])
        self.assertEqual(sorted(patterns(scope=self.scope, rollup=True)), ["deep", "improve", "other"])
        # After 0.9 · 0.95^88 < 0.01 nothing is left; the day before there was nothing.
        for moment in (time.time() + 90 * 60, datetime.now(timezone.utc) - timedelta(days=1)):
            self.assertEqual(patterns(scope=self.scope, as_of=moment), [])
        later = self.client.get_signal(self.scope, "improve", as_of=datetime.now() + timedelta(minutes=10))
        self.assertAlmostEqual(later["strength"], signal["strength"] * 0.95**10, delta=0.03)
        with self.assertRaises(SEMPError):
            self.client.get_signal_history(str(uuid.uuid4()))

    def test_the_same_key_is_the_same_event(self):
        key = str(uuid.uuid4())
        first = self.post("reward", payload={"action": "improve", "value": 0.1}, idempotency_key=key)
        second = self.post("reward", payload={"action": "improve", "value": 0.1}, idempotency_key=key)
        self.assertEqual(first, second)
        self.assertEqual(self.client.get_events_by_scope(self.scope), [first])
        with self.assertRaises(SEMPError) as caught:
            self.post("reward", payload={"action": "improve", "value": 0.2}, idempotency_key=key)
        self.assertEqual(caught.exception.code, "IDEMPOTENCY_REUSED")

    def test_a_refusal_is_an_exception_with_the_servers_words(self):
        with self.assertRaises(SEMPError) as caught:
            self.post("proposals")
        error = caught.exception
        self.assertEqual((error.status, error.message), (400, "Validation error: Invalid event type"))
        self.assertEqual(error.code, "INVALID")
        self.assertTrue(error.request_id)
        with self.assertRaises(SEMPError) as caught:
            self.post(payload=["no", "object"])
        self.assertRegex(caught.exception.message, "^Validation error: .*payload")

    def test_every_method_also_runs_on_an_event_loop(self):
        async def run():
            async with SEMPClient(URL, token=TOKEN) as client:
                made = await asyncio.gather(
                    *(
                        client.create_event_async(
                            type="ready", scope=self.scope, trace_id="t", agent_id=str(n), payload={}
                        )
                        for n in range(20)
                    )
                )
                found = await client.get_events_by_scope_async(self.scope)
                self.assertCountEqual([event["id"] for event in found], [event["id"] for event in made])

        asyncio.run(run())


if __name__ == "__main__":
    unittest.main()
