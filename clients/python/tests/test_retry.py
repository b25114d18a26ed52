"""Which failures are tried again, and after how long."""

import time
import unittest
from email.utils import formatdate

from semp_sdk.errors import SEMPConnectionError, SEMPError, error_of, seconds_of
from semp_sdk.retry import RetryPolicy, is_passing


class Retries(unittest.TestCase):
    def test_tries_again_what_may_pass(self):
        for status, code, passing in (
            (400, None, False),
            (401, "UNAUTHENTICATED", False),
            (404, "NOT_FOUND", False),
            (409, "CONFLICT", False),
            (409, "IDEMPOTENCY_IN_FLIGHT", True),
            (413, None, False),
            (422, "IDEMPOTENCY_REUSED", False),
            (429, "RATE_LIMITED", True),
            (500, "INTERNAL", False),
            (502, None, True),
            (503, "OVERLOADED", True),
            (503, "QUARANTINED", False),
            (503, "CORRUPTED", False),
            (504, "DEADLINE", True),
        ):
            self.assertEqual(is_passing(SEMPError(status, "", code)), passing, (status, code))
        self.assertTrue(is_passing(SEMPConnectionError("cut")))

    def test_doubles_the_bound_of_a_random_wait_up_to_the_longest(self):
        policy = RetryPolicy(retries=8, random=lambda: 1.0)
        cut = SEMPConnectionError("cut")
        self.assertEqual(
            [policy.wait(tries, cut) for tries in range(1, 10)], [0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, None]
        )
        self.assertEqual(RetryPolicy(random=lambda: 0.0).wait(1, cut), 0.0)

    def test_waits_at_least_as_long_as_the_server_asks(self):
        busy = SEMPError(503, "busy", retry_after=4.0)
        self.assertEqual(RetryPolicy(random=lambda: 0.0).wait(1, busy), 4.0)
        self.assertEqual(RetryPolicy(random=lambda: 1.0).wait(1, busy), 5.0)
        self.assertIsNone(RetryPolicy().wait(1, SEMPError(429, "much later", retry_after=3600.0)))

    def test_can_be_told_never_to(self):
        self.assertIsNone(RetryPolicy(0).wait(1, SEMPConnectionError("cut")))


class Errors(unittest.TestCase):
    def test_reads_every_shape_of_an_error(self):
        for body, facts in (
            (b'{"message":"Validation error: Bad"}', ("Validation error: Bad", None, None)),
            (b'{"message":"No","code":"NOT_FOUND","request_id":"r-1"}', ("No", "NOT_FOUND", "r-1")),
            (b'{"title":"Not found","detail":"No such thing"}', ("No such thing", None, None)),
            (b"<html>Bad Gateway</html>", ("Bad Gateway", None, None)),
            (b"[1]", ("Bad Gateway", None, None)),
            (b'{"message":7}', ("Bad Gateway", None, None)),
            (b"\xff", ("Bad Gateway", None, None)),
            (b"", ("Bad Gateway", None, None)),
        ):
            error = error_of(502, "Bad Gateway", {}, body)
            self.assertEqual((error.message, error.code, error.request_id), facts, body)
        self.assertEqual(error_of(500, "", {"x-request-id": "r-2"}, b"").request_id, "r-2")

    def test_prints_what_one_wants_to_know(self):
        self.assertEqual(
            str(SEMPError(404, "no such event", "NOT_FOUND", "r-1")), "404 no such event (NOT_FOUND) [request r-1]"
        )
        self.assertEqual(str(SEMPConnectionError("cut")), "cut")

    def test_reads_a_retry_after_in_both_forms(self):
        self.assertEqual(seconds_of(" 7 "), 7.0)
        self.assertAlmostEqual(seconds_of(formatdate(time.time() + 60, usegmt=True)) or 0, 60, delta=2)
        self.assertEqual(seconds_of(formatdate(time.time() - 60, usegmt=True)), 0.0)
        for unreadable in (None, "", "soon", "-1", "1.5"):
            self.assertIsNone(seconds_of(unreadable), unreadable)
