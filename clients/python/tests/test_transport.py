"""Requests against a server that does what a test tells it to."""

import json
import threading
import time
import unittest

from semp_sdk.address import address_of
from semp_sdk.errors import SEMPConnectionError, SEMPError
from semp_sdk.retry import RetryPolicy
from semp_sdk.transport import Transport

from .peer import Gone, Server


class Script:
    """Answers the n-th request with the n-th step, the last one again and again; keeps what it was asked."""

    def __init__(self, case, *steps):
        self._steps = steps
        self._lock = threading.Lock()
        self.requests = []
        self.server = Server(self._serve)
        case.addCleanup(self.server.close)

    def _serve(self, peer):
        while True:
            request = peer.read_request()
            with self._lock:
                self.requests.append(request)
                step = self._steps[min(len(self.requests), len(self._steps)) - 1]
            step(peer)

    @property
    def url(self):
        return self.server.url

    @property
    def keys(self):
        return [headers.get("idempotency-key") for _, _, headers, _ in self.requests]


def answer(status, body=None, **headers):
    return lambda peer: peer.answer(status, body, {name.replace("_", "-"): value for name, value in headers.items()})


def cut(peer):
    """The connection ends without an answer: whether the request took effect, nobody knows."""
    raise Gone


def half(peer):
    peer.send(b'HTTP/1.1 201 Created\r\nContent-Length: 100\r\n\r\n{"id"')
    raise Gone


class Case(unittest.TestCase):
    def transport(self, server, retries=4, token="secret", timeout=5.0):
        self.waits = []
        transport = Transport(
            address_of(server.url),
            token=token,
            timeout=timeout,
            policy=RetryPolicy(retries, random=lambda: 1.0),
            ssl_context=None,
            sleep=self.waits.append,
        )
        self.addCleanup(transport.close)
        return transport


class Requests(Case):
    def test_sends_json_and_the_token_and_returns_json(self):
        script = Script(self, answer(201, {"id": "é"}), answer(204))
        transport = self.transport(script)
        self.assertEqual(transport.request("POST", "/api/events", {"scope": "ü"}).json(), {"id": "é"})
        self.assertIsNone(transport.request("DELETE", "/api/webhooks/1").json())
        method, target, headers, body = script.requests[0]
        self.assertEqual((method, target, json.loads(body)), ("POST", "/api/events", {"scope": "ü"}))
        self.assertEqual(headers["content-type"], "application/json")
        self.assertEqual(headers["authorization"], "Bearer secret")

    def test_sends_text_of_any_script_as_utf_8(self):
        # As escapes they were 480,000 bytes, which is more than the server takes of one payload.
        script = Script(self, answer(201, {"id": "1"}))
        body = {"payload": {"text": "\u65e5" * 80_000, "smile": "\U0001f600", "half": "\ud800"}}
        self.transport(script).request("POST", "/api/events", body)
        _, _, headers, sent = script.requests[0]
        self.assertLess(len(sent), 260_000)
        self.assertEqual(int(headers["content-length"]), len(sent))
        # Strictly: half of a surrogate pair has no UTF-8, and goes out as its escape.
        self.assertEqual(json.loads(sent.decode("utf-8")), body)

    def test_sends_no_token_it_was_not_given(self):
        script = Script(self, answer(200, []))
        self.transport(script, token=None).request("GET", "/api/events")
        self.assertNotIn("authorization", script.requests[0][2])

    def test_refuses_what_json_cannot_say(self):
        script = Script(self, answer(200, []))
        transport = self.transport(script)
        nan, infinity = float("nan"), float("inf")
        for value, error in ((nan, ValueError), (infinity, ValueError), ({1, 2}, TypeError), (b"x", TypeError)):
            with self.subTest(value), self.assertRaises(error):
                transport.request("POST", "/api/events", {"payload": {"value": value}})
        self.assertEqual(script.requests, [])

    def test_says_when_the_answer_is_not_json(self):
        script = Script(self, lambda peer: peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>"))
        with self.assertRaisesRegex(SEMPError, "is base_url right"):
            self.transport(script).request("GET", "/api/events").json()

    def test_raises_what_the_server_said(self):
        refusal = {"message": "Validation error: Invalid event type", "code": "INVALID", "request_id": "r-1"}
        script = Script(self, answer(400, refusal))
        with self.assertRaises(SEMPError) as caught:
            self.transport(script).request("POST", "/api/events", {})
        error = caught.exception
        self.assertEqual(
            (error.status, error.message, error.code, error.request_id),
            (400, "Validation error: Invalid event type", "INVALID", "r-1"),
        )
        self.assertEqual(len(script.requests), 1)


class Repetitions(Case):
    def test_keeps_the_key_of_a_change_over_all_its_tries(self):
        script = Script(self, answer(503), cut, half, answer(504), answer(201, {"id": "1"}))
        self.assertEqual(self.transport(script).request("POST", "/api/events", {}).json(), {"id": "1"})
        self.assertEqual(len(script.requests), 5)
        self.assertEqual(len(set(script.keys)), 1)
        self.assertRegex(script.keys[0], r"^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")
        self.assertEqual(len({body for *_, body in script.requests}), 1)
        self.assertEqual(self.waits, [0.25, 0.5, 1.0, 2.0])

    def test_gives_every_change_a_key_of_its_own_and_reading_none(self):
        script = Script(self, answer(200, {}))
        transport = self.transport(script)
        for method in ("POST", "PATCH", "DELETE"):
            transport.request(method, "/api/x", None if method == "DELETE" else {})
        transport.request("POST", "/api/x", {}, idempotency_key="mine")
        transport.request("GET", "/api/x")
        self.assertEqual(len(set(script.keys)), 5)
        self.assertEqual(script.keys[3:], ["mine", None])

    def test_waits_until_the_first_try_has_been_answered(self):
        in_flight = {"message": "still being answered", "code": "IDEMPOTENCY_IN_FLIGHT"}
        script = Script(self, cut, answer(409, in_flight, Retry_After="1"), answer(201, {"id": "1"}))
        self.assertEqual(self.transport(script).request("POST", "/api/events", {}).json(), {"id": "1"})
        self.assertEqual(self.waits, [0.25, 1.25])

    def test_reads_again_after_a_cut(self):
        script = Script(self, cut, answer(200, [1]))
        self.assertEqual(self.transport(script).request("GET", "/api/events").json(), [1])

    def test_waits_as_long_as_it_was_told(self):
        script = Script(self, answer(429, {"message": "slow down"}, Retry_After="3"), answer(200, []))
        self.transport(script).request("GET", "/api/events")
        self.assertEqual(self.waits, [3.75])

    def test_gives_up_in_the_end_with_the_last_error(self):
        script = Script(self, answer(503, {"message": "starting"}))
        with self.assertRaises(SEMPError) as caught:
            self.transport(script, retries=2).request("GET", "/api/events")
        self.assertEqual((caught.exception.message, len(script.requests)), ("starting", 3))

    def test_does_not_repeat_what_cannot_pass(self):
        for step in (answer(400), answer(401), answer(404), answer(500), answer(503, {"code": "QUARANTINED"})):
            script = Script(self, step)
            with self.assertRaises(SEMPError):
                self.transport(script).request("POST", "/api/events", {})
            self.assertEqual(len(script.requests), 1)

    def test_says_who_did_not_answer(self):
        script = Script(self, lambda peer: peer.is_closed())
        with self.assertRaisesRegex(SEMPConnectionError, r"GET http://localhost:\d+/api/events: timed out"):
            self.transport(script, retries=0, timeout=0.1).request("GET", "/api/events")
        gone = Script(self, answer(200))
        gone.server.close()
        with self.assertRaises(SEMPConnectionError) as caught:
            self.transport(gone, retries=1).request("GET", "/api/events")
        self.assertEqual((caught.exception.status, self.waits), (0, [0.25]))


class Redirects(Case):
    def test_follows_on_the_same_server_with_method_key_and_body(self):
        script = Script(self, answer(308, Location="/api/v2/events?x=1"), answer(201, {"id": "1"}))
        self.assertEqual(self.transport(script).request("POST", "/api/events", {"a": 1}).json(), {"id": "1"})
        first, second = script.requests
        self.assertEqual((second[0], second[1], second[3]), ("POST", "/api/v2/events?x=1", b'{"a":1}'))
        self.assertEqual(first[2]["idempotency-key"], second[2]["idempotency-key"])

    def test_takes_the_token_nowhere_else(self):
        elsewhere = Script(self, answer(200, []))
        for what, place in (
            ("another port", "{elsewhere}"),
            ("another host", "http://127.0.0.1:{port}"),
            ("another scheme", "https://localhost:{port}"),
            ("a host alone", "//example.invalid"),
        ):

            def redirect(peer, place=place):
                origin = place.format(elsewhere=elsewhere.url, port=script.server.port)
                peer.answer(307, None, {"Location": f"{origin}/api/events"})

            script = Script(self, redirect)
            with self.subTest(what), self.assertRaisesRegex(SEMPError, "another server"):
                self.transport(script).request("GET", "/api/events")
            self.assertEqual((elsewhere.requests, len(script.requests)), ([], 1))

    def test_does_not_go_round_in_circles(self):
        script = Script(self, answer(302, Location="/api/events"))
        with self.assertRaisesRegex(SEMPError, "more than 3 redirects"):
            self.transport(script).request("GET", "/api/events")

    def test_does_not_take_a_see_other_for_an_answer(self):
        script = Script(self, answer(303, Location="/api/events"))
        with self.assertRaises(SEMPError) as caught:
            self.transport(script).request("POST", "/api/events", {})
        self.assertEqual(caught.exception.status, 303)


class Connections(Case):
    def test_are_kept_between_requests_also_after_a_refusal(self):
        script = Script(self, answer(200, []), answer(404, {"message": "no"}), answer(200, []))
        transport = self.transport(script)
        transport.request("GET", "/api/events")
        with self.assertRaises(SEMPError):
            transport.request("GET", "/api/missing")
        transport.request("GET", "/api/events")
        self.assertEqual((len(script.requests), script.server.accepted), (3, 1))

    def test_are_not_used_after_the_server_has_closed_them(self):
        def once(peer):
            peer.answer(200, [])
            raise Gone

        script = Script(self, once)
        transport = self.transport(script, retries=0)
        for _ in range(3):
            transport.request("GET", "/api/events")
            time.sleep(0.05)
        self.assertEqual(script.server.accepted, 3)

    def test_close_when_the_server_says_so(self):
        script = Script(self, answer(200, [], Connection="close"))
        transport = self.transport(script, retries=0)
        transport.request("GET", "/api/events")
        transport.request("GET", "/api/events")
        self.assertEqual(script.server.accepted, 2)

    def test_serve_one_request_at_a_time_whatever_the_threads(self):
        def echo(peer):
            while True:
                _, target, _, _ = peer.read_request()
                time.sleep(0.001)
                peer.answer(200, {"target": target})

        server = Server(echo)
        self.addCleanup(server.close)
        transport = self.transport(server)
        wrong = []

        def ask(name):
            for i in range(20):
                target = f"/api/{name}/{i}"
                if transport.request("GET", target).json() != {"target": target}:
                    wrong.append(target)

        threads = [threading.Thread(target=ask, args=(n,)) for n in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(wrong, [])
        self.assertLessEqual(server.accepted, 20)
