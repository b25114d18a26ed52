"""The client on an event loop: nothing may block it."""

import asyncio
import inspect
import threading
import unittest

from semp_sdk import SEMPClient, SEMPConnectionError, SEMPError

from .environment import Environment
from .peer import Server
from .test_stream import QUICK


class Case(unittest.IsolatedAsyncioTestCase):
    def environment(self):
        environment = Environment()
        self.addCleanup(environment.server.close)
        return environment

    def client(self, environment):
        client = SEMPClient(environment.url, timeout=5, retries=0)
        client._patience = QUICK
        self.addCleanup(client.close)
        return client

    async def wait_for(self, ready):
        async def look():
            while not ready():
                await asyncio.sleep(0.002)

        await asyncio.wait_for(look(), 20)


class Twins(Case):
    def test_every_method_that_asks_has_one_with_its_signature(self):
        alone = {"off", "on"}
        methods = {name for name, _ in inspect.getmembers(SEMPClient, inspect.isfunction) if not name.startswith("_")}
        blocking = {name for name in methods if not name.endswith("_async")} - alone
        self.assertEqual({f"{name}_async" for name in blocking}, methods - blocking - alone)
        for name in blocking:
            twin = getattr(SEMPClient, f"{name}_async")
            self.assertTrue(inspect.iscoroutinefunction(twin) or inspect.isasyncgenfunction(twin), name)
            self.assertEqual(
                inspect.signature(twin).parameters, inspect.signature(getattr(SEMPClient, name)).parameters
            )
            self.assertEqual(twin.__name__, f"{name}_async")

    async def test_ask_without_blocking_the_loop(self):
        asked, answer = [], threading.Event()

        def patient(peer):
            while True:
                peer.read_request()
                asked.append(peer)
                self.assertTrue(answer.wait(20), "the loop goes on while they wait")
                peer.answer(200, [])

        server = Server(patient)
        self.addCleanup(server.close)
        async with SEMPClient(server.url, retries=0) as client:
            asking = asyncio.gather(*(client.get_events_async() for _ in range(3)))
            # All three at the same time: none is answered before the third has come.
            await self.wait_for(lambda: len(asked) == 3)
            answer.set()
            self.assertEqual(await asking, [[], [], []])

    async def test_raise_what_their_brothers_raise(self):
        server = Server(lambda peer: peer.read_request() and peer.answer(404, {"message": "no such event"}))
        self.addCleanup(server.close)
        async with SEMPClient(server.url, retries=0) as client:
            with self.assertRaisesRegex(SEMPError, "no such event"):
                await client.get_event_async("1")

    async def test_call_what_a_subclass_has_made_of_the_method(self):
        class Mine(SEMPClient):
            def get_events(self, **filters):
                return ["mine"]

        self.assertEqual(await Mine().get_events_async(), ["mine"])


class Listening(Case):
    async def test_runs_handlers_on_the_loop_one_at_a_time_in_order(self):
        environment = self.environment()
        client = self.client(environment)
        here, got, running = threading.get_ident(), [], 0

        @client.on("event")
        async def handle(event):
            nonlocal running
            running += 1
            self.assertEqual((threading.get_ident(), running), (here, 1))
            await asyncio.sleep(0.001)
            running -= 1
            got.append(event["id"])

        plain = []
        client.on("event", lambda event: plain.append(threading.get_ident()))
        await client.connect_async(background=True)
        made = [environment.post() for _ in range(30)]
        await self.wait_for(lambda: len(plain) == 30)
        self.assertEqual((got, set(plain)), (made, {here}))

    async def test_stays_until_it_is_closed(self):
        environment = self.environment()
        client = self.client(environment)

        @client.on("event")
        async def handle(event):
            await client.close_async()

        async def post():
            await self.wait_for(lambda: environment.clients)
            environment.post()

        posting = asyncio.create_task(post())
        await asyncio.wait_for(client.connect_async(), 10)
        await posting
        await self.wait_for(lambda: environment.clients == 0)

    async def test_a_handler_may_close_it_without_waiting(self):
        environment = self.environment()
        client = self.client(environment)
        client.on("open", client.close)
        await asyncio.wait_for(client.connect_async(), 10)

    async def test_ends_when_it_is_cancelled(self):
        environment = self.environment()
        client = self.client(environment)
        task = asyncio.create_task(client.connect_async())
        await self.wait_for(lambda: environment.clients)
        task.cancel()
        with self.assertRaises(asyncio.CancelledError):
            await task
        await self.wait_for(lambda: environment.clients == 0)

    async def test_hears_of_a_handler_that_fails(self):
        environment = self.environment()
        client = self.client(environment)
        errors = []

        @client.on("error")
        async def note(error):
            errors.append(error)

        @client.on("event")
        async def fail(event):
            raise KeyError("oops")

        await client.connect_async(background=True)
        environment.post()
        await self.wait_for(lambda: errors)
        self.assertIsInstance(errors[0], KeyError)

    async def test_ends_when_the_server_refuses_for_good(self):
        environment = self.environment()
        environment.refusal = lambda peer: peer.answer(401, {"message": "who are you?"})
        client = self.client(environment)
        for background in (False, True):
            with self.assertRaisesRegex(SEMPError, "who are you"):
                await client.connect_async(background=background)

    async def test_does_not_wait_for_ever_for_the_first_connection(self):
        environment = self.environment()
        environment.server.close()
        client = SEMPClient(environment.url, timeout=0.2)
        client.on("error", lambda error: None)
        with self.assertRaisesRegex(SEMPConnectionError, "not open within 0.2 s"):
            await client.connect_async(background=True)

    def test_ends_with_its_loop(self):
        environment = self.environment()
        client = self.client(environment)
        client.on("event", lambda event: None)
        asyncio.run(client.connect_async(background=True))
        environment.post()
        self.assertTrue(client._stream.done.wait(10))
