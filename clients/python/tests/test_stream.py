"""The live stream: what arrives, and that it arrives exactly once whatever happens to the connection."""

import pathlib
import signal
import subprocess
import sys
import threading
import time
import unittest

from semp_sdk import SEMPClient, SEMPConnectionError, SEMPError
from semp_sdk.wishes import Patience

from .environment import Environment
from .peer import TEXT

#: The waits of the client, a hundredth as long.
QUICK = Patience(first=0.01, longest=0.3, silence=0.45, answer=0.15, subscribed=10.0)


class Case(unittest.TestCase):
    def environment(self, **options):
        environment = Environment(**options)
        self.addCleanup(lambda: environment.server.close())
        return environment

    def client(self, environment, patience=QUICK, **options):
        """A client; `got` collects the ids of its events, `errors` its errors."""
        client = SEMPClient(environment.url, timeout=5, retries=0, **options)
        client._patience = patience
        self.addCleanup(client.close)
        self.got, self.errors = [], []
        client.on("event", lambda event: self.got.append(event["id"]))
        client.on("error", self.errors.append)
        return client

    def wait_for(self, ready):
        deadline = time.monotonic() + 20
        while not ready():
            if time.monotonic() > deadline:
                self.fail(f"it did not happen within 20 s; got {self.got}, errors {self.errors}")
            time.sleep(0.002)


class Arrival(Case):
    def test_brings_whole_events_in_order_from_now_on(self):
        environment = self.environment()
        environment.post()
        client = self.client(environment, token="secret")
        whole = []
        client.on("event", whole.append)
        client.connect(background=True)
        made = [environment.post() for _ in range(100)]
        self.wait_for(lambda: len(self.got) == 100)
        self.assertEqual((self.got, whole), (made, environment.log[1:]))
        # It moves when the handlers are through.
        self.wait_for(lambda: client.last_event_id == made[-1])
        self.assertEqual(environment.handshakes[0]["target"], "/ws")
        self.assertEqual(environment.handshakes[0]["authorization"], "Bearer secret")

    def test_runs_handlers_in_order_and_takes_them_back(self):
        environment = self.environment()
        client = self.client(environment)
        calls = []

        @client.on("event")
        def first(event):
            calls.append("first")

        second = client.on("event", lambda event: calls.append("second"))
        client.connect(background=True)
        environment.post()
        self.wait_for(lambda: len(calls) == 2)
        client.off("event", second)
        environment.post()
        self.wait_for(lambda: len(calls) == 3)
        self.assertEqual(calls, ["first", "second", "first"])
        self.assertTrue(callable(first))

    def test_brings_what_comes_between_the_connection_and_the_answer_to_its_subscription(self):
        late = []
        environment = self.environment(before_answer=lambda: late.append(environment.post()))
        client = self.client(environment)
        client.connect(background=True)
        late.append(environment.post())
        self.wait_for(lambda: len(self.got) >= 2)
        self.assertEqual(self.got, late)

    def test_asks_for_what_is_wanted(self):
        environment = self.environment()
        client = self.client(environment)
        client.connect(background=True, scopes=["ui.*"], types=("reward",), trace_id="t", agent_id="a")
        environment.post()
        wanted = environment.post(type="reward")
        self.wait_for(lambda: self.got)
        self.assertEqual(self.got, [wanted])
        self.assertEqual(
            environment.heard,
            [{"type": "subscribe", "scopes": ["ui.*"], "types": ["reward"], "trace_id": "t", "agent_id": "a"}],
        )

    def test_brings_signals_to_whoever_listens_also_later(self):
        environment = self.environment()
        client = self.client(environment)
        client.connect(background=True)
        signals = []
        client.on("signal", signals.append)
        self.wait_for(lambda: len(environment.heard) == 2)
        self.assertEqual(environment.heard, [{"type": "subscribe"}, {"type": "subscribe", "since": 0, "signals": True}])
        environment.tell({"type": "signal", "data": {"id": "s", "strength": 0.3}})
        self.wait_for(lambda: signals)
        self.assertEqual(signals, [{"id": "s", "strength": 0.3}])

    def test_goes_on_when_a_handler_fails_and_says_so(self):
        environment = self.environment()
        client = self.client(environment)

        @client.on("event")
        def fail(event):
            raise KeyError("oops")

        after = []
        client.on("event", after.append)
        client.connect(background=True)
        environment.post()
        environment.post()
        self.wait_for(lambda: len(after) == 2)
        self.assertEqual([type(error) for error in self.errors], [KeyError, KeyError])

    def test_logs_what_nobody_listens_to(self):
        environment = self.environment()
        client = self.client(environment)
        client.off("error", self.errors.append)

        @client.on("event")
        def fail(event):
            raise KeyError("oops")

        with self.assertLogs("semp_sdk", "WARNING") as logs:
            client.connect(background=True)
            environment.post()
            self.wait_for(lambda: logs.output)
        self.assertIn("oops", logs.output[0])
        self.assertIn("Traceback", logs.output[0])

    def test_is_not_put_off_by_messages_it_does_not_know(self):
        environment = self.environment()
        client = self.client(environment)
        client.connect(background=True)
        unknown = (b'{"type":"event"}', b'{"type":"event","data":{}}', b'{"type":"news"}')
        for text in (b"[1]", b"7", b"{", b"null", *unknown):
            for subscriber in environment._subscribers:
                subscriber.peer.send_frame(TEXT, text)
        made = environment.post()
        self.wait_for(lambda: self.got)
        self.assertEqual(self.got, [made])
        self.assertEqual(len(self.errors), 4)


class Resumption(Case):
    def test_misses_and_repeats_nothing_when_connections_break(self):
        environment = self.environment()
        client = self.client(environment)
        client.connect(background=True)
        made = []
        for _ in range(20):
            made += [environment.post() for _ in range(10)]
            environment.server.cut()
            made += [environment.post() for _ in range(10)]
            self.wait_for(lambda: environment.clients)
        self.wait_for(lambda: len(self.got) >= len(made))
        self.assertEqual(self.got, made)

    def test_misses_nothing_while_the_server_is_away(self):
        environment = self.environment()
        environment.post()
        client = self.client(environment)
        closes = []
        client.on("close", closes.append)
        client.connect(background=True)
        made = [environment.post() for _ in range(3)]
        self.wait_for(lambda: len(self.got) == 3)

        def outage():
            made.extend(environment.post() for _ in range(3))
            self.wait_for(lambda: self.errors)

        environment.restart(outage)
        made.append(environment.post())
        self.wait_for(lambda: len(self.got) >= 7)
        self.assertEqual(self.got, made)
        self.assertEqual(closes[0]["reconnecting"], True)
        self.assertTrue(all(isinstance(error, SEMPConnectionError) for error in self.errors))

    def test_misses_nothing_when_the_connection_breaks_before_the_first_event(self):
        for past in (0, 3):
            environment = self.environment()
            for _ in range(past):
                environment.post()
            client = self.client(environment)
            client.connect(background=True)
            made = []
            environment.restart(lambda: made.extend(environment.post() for _ in range(3)))
            self.wait_for(lambda: len(self.got) >= 3)
            self.assertEqual(self.got, made)

    def test_repeats_nothing_that_came_before_the_answer_to_its_subscription(self):
        late = []
        environment = self.environment(before_answer=lambda: late.append(environment.post()))
        client = self.client(environment)
        client.connect(background=True)
        made = [late[0], environment.post(), environment.post()]
        self.wait_for(lambda: len(self.got) == 3)
        environment.server.cut()
        self.wait_for(lambda: len(self.got) >= 4)
        made.append(late[1])
        made.append(environment.post())
        self.wait_for(lambda: len(self.got) >= 5)
        # The fourth came twice: live, before `subscribed`, and in the replay.
        self.assertEqual(self.got, made)

    def test_hears_of_a_server_that_has_lost_its_log_and_takes_all_of_the_new_one(self):
        environment = self.environment()
        client = self.client(environment)
        client.connect(background=True)
        environment.post()
        self.wait_for(lambda: self.got)
        lost = self.got[0]

        def outage():
            environment.log.clear()
            environment.post()

        environment.restart(outage)
        made = environment.post()
        self.wait_for(lambda: len(self.got) >= 3)
        self.assertEqual(self.got, [lost, environment.log[0]["id"], made])
        self.assertIn(f'since: there is no event "{lost}"', [getattr(error, "message", "") for error in self.errors])

    def test_begins_behind_a_given_event(self):
        environment = self.environment()
        made = [environment.post() for _ in range(5)]
        client = self.client(environment)
        client.connect(background=True, since=made[1])
        self.wait_for(lambda: len(self.got) == 3)
        self.assertEqual(self.got, made[2:])

    def test_refuses_to_begin_behind_an_event_that_is_not_there(self):
        client = self.client(self.environment())
        for options in ({"since": "nobody"}, {"scopes": ["bad"]}):
            for background in (False, True):
                with self.assertRaises(SEMPError) as caught:
                    client.connect(background=background, **options)
                self.assertEqual(caught.exception.status, 400)

    def test_tells_how_many_the_server_held_back(self):
        environment = self.environment()
        client = self.client(environment)
        lagged = []
        client.on("lagged", lagged.append)
        client.connect(background=True)
        environment.tell({"type": "lagged", "dropped": 3})
        made = environment.post()
        self.wait_for(lambda: self.got)
        self.assertEqual((self.got, lagged), ([made], [3]))

    def test_works_with_a_server_that_does_not_know_subscriptions(self):
        environment = self.environment(modern=False)
        environment.post()
        client = self.client(environment, Patience(first=0.01, subscribed=0.1))
        threading.Thread(target=client.connect, daemon=True).start()
        self.wait_for(lambda: environment.clients)
        made = [environment.post(), environment.post()]
        self.wait_for(lambda: len(self.got) == 2)
        made.append(environment.post())
        self.wait_for(lambda: len(self.got) == 3)
        self.assertEqual(self.got, made)

    def test_repeats_nothing_when_the_answer_to_a_subscription_is_very_late(self):
        answer = threading.Event()
        environment = self.environment(before_answer=lambda: answer.wait(10))
        self.addCleanup(answer.set)
        first = environment.post()
        client = self.client(environment, Patience(first=0.01, subscribed=0.05))
        client.connect(background=True, since=first)
        self.wait_for(lambda: environment.clients)
        made = [environment.post(), environment.post()]
        self.wait_for(lambda: len(self.got) == 2)
        answer.set()
        made.append(environment.post())
        self.wait_for(lambda: len(self.got) >= 3)
        self.assertEqual(self.got, made)


class Connection(Case):
    def test_waits_twice_as_long_each_time_and_begins_anew_when_open(self):
        environment = self.environment()
        client = self.client(environment, Patience(first=0.02, longest=0.1))
        rests, opens = [], []
        client.on("open", lambda: opens.append(len(rests)))
        client.connect(background=True, since=None)
        stream = client._stream
        rest = stream._rest
        stream._rest = lambda seconds: (rests.append(seconds), rest(seconds))
        environment.refusal = lambda peer: peer.answer(503, {"message": "starting"})
        environment.server.cut()
        self.wait_for(lambda: len(rests) >= 5)
        environment.refusal = None
        self.wait_for(lambda: len(opens) == 2)
        count = len(rests)
        environment.server.cut()
        self.wait_for(lambda: len(rests) > count)
        nominal = [0.02, 0.04, 0.08, 0.1, 0.1]
        for seconds, wanted in zip([*rests[:5], rests[count]], [*nominal, 0.02]):
            self.assertGreaterEqual(seconds, wanted)
            self.assertLessEqual(seconds, wanted * 1.1)
        self.assertEqual(self.errors[0].message, "starting")

    def test_waits_as_long_as_a_busy_server_asks(self):
        environment = self.environment()
        client = self.client(environment)
        rests = []
        client.connect(background=True)
        client._stream._rest = rests.append
        environment.refusal = lambda peer: peer.answer(429, {"message": "slow down"}, {"Retry-After": "9"})
        environment.server.cut()
        self.wait_for(lambda: len(rests) >= 2)
        client._stream.stop()
        self.assertGreaterEqual(rests[1], 9)

    def test_ends_when_the_server_refuses_for_good(self):
        environment = self.environment()
        environment.refusal = lambda peer: peer.answer(401, {"message": "who are you?", "code": "UNAUTHENTICATED"})
        client = self.client(environment)
        for background in (False, True):
            with self.assertRaises(SEMPError) as caught:
                client.connect(background=background)
            self.assertEqual((caught.exception.status, caught.exception.message), (401, "who are you?"))
        self.assertEqual((len(environment.handshakes), self.errors), (2, []))

    def test_ends_when_a_token_is_no_longer_good_and_says_so(self):
        environment = self.environment()
        client = self.client(environment)
        client.connect(background=True)
        environment.refusal = lambda peer: peer.answer(401, {"message": "expired"})
        environment.server.cut()
        self.wait_for(lambda: self.errors)
        self.assertTrue(client._stream.done.wait(5))
        self.assertEqual([error.message for error in self.errors], ["expired"])

    def test_does_not_wait_for_ever_for_the_first_connection(self):
        environment = self.environment()
        environment.server.close()
        client = SEMPClient(environment.url, timeout=0.3)
        self.addCleanup(client.close)
        client.on("error", lambda error: None)
        with self.assertRaisesRegex(SEMPConnectionError, "not open within 0.3 s"):
            client.connect(background=True)

    def test_notices_a_server_that_is_silent_for_ever(self):
        environment = self.environment()
        client = self.client(environment, Patience(first=0.01, silence=0.1, answer=2.0))
        client.connect(background=True)
        self.wait_for(lambda: environment.pings >= 2)
        self.assertEqual(len(environment.handshakes), 1, "it answers, so it is alive")
        environment.answers_pings = False
        self.wait_for(lambda: len(environment.handshakes) >= 2)

    def test_says_when_it_opens_and_closes(self):
        environment = self.environment()
        client = self.client(environment)
        said = []
        client.on("open", lambda: said.append("open"))
        client.on("close", said.append)
        client.connect(background=True)
        client.close()
        self.assertEqual(said, ["open", {"code": 1000, "reason": "", "reconnecting": False}])
        environment.wait_for(lambda: environment.clients == 0)

    def test_can_be_closed_by_a_handler_and_opened_again(self):
        environment = self.environment()
        client = self.client(environment)
        client.on("event", lambda event: client.close())
        for count in (1, 2):

            def post():
                environment.wait_for(lambda: environment.clients)
                environment.post()

            threading.Thread(target=post).start()
            client.connect()
            self.assertEqual(len(self.got), count)
            # Or the next event would be made as soon as the last connection is there, still.
            environment.wait_for(lambda: environment.clients == 0)

    def test_can_be_closed_while_it_waits_for_the_server(self):
        environment = self.environment()
        environment.server.close()
        client = self.client(environment, Patience(first=30.0))
        thread = threading.Thread(target=client.connect)
        thread.start()
        self.wait_for(lambda: self.errors)
        started = time.monotonic()
        client.close()
        thread.join(5)
        self.assertLess(time.monotonic() - started, 2)

    def test_has_one_stream_at_a_time(self):
        environment = self.environment()
        client = self.client(environment)
        client.connect(background=True)
        with self.assertRaisesRegex(RuntimeError, "connected already"):
            client.connect()

    def test_refuses_misuse(self):
        client = self.client(self.environment())
        with self.assertRaisesRegex(ValueError, "there are event, signal, open, close, error, lagged"):
            client.on("evnet")(print)
        with self.assertRaisesRegex(TypeError, "scopes must be a list"):
            client.connect(scopes="ui.*")

        async def handler(event):
            return None

        client.on("event", handler)
        with self.assertRaisesRegex(TypeError, "connect_async"):
            client.connect()


class Script(Case):
    def run_script(self, environment, text):
        # Whoever runs in the background of a script has inherited that Ctrl-C means nothing.
        heeding = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        text = heeding + text.replace("http://localhost:5000", environment.url)
        process = subprocess.Popen(
            [sys.executable, "-u", "-W", "error", "-c", text],
            cwd=pathlib.Path(__file__).parent.parent,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        return process

    def test_the_published_example_runs_as_it_is_until_ctrl_c(self):
        environment = self.environment()
        text = (pathlib.Path(__file__).parent / "published_example.py").read_text()
        process = self.run_script(environment, text)
        environment.wait_for(lambda: environment.clients or process.poll() is not None)
        made = environment.post("ui.logout")
        line = process.stdout.readline()
        self.assertTrue(line.startswith("New event: {'id': '" + made), line)
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate(timeout=20)
        self.assertEqual((process.returncode, rest, errors), (0, "", ""))
        self.assertEqual(environment.log[0]["payload"], {"action": "improve_ux"})
