"""The WebSocket client against a server on bare sockets."""

import threading
import time
import unittest
from urllib.parse import urlsplit

from semp_sdk.errors import SEMPConnectionError, SEMPError
from semp_sdk.waker import Waker
from semp_sdk.websocket import ConnectionEnded, WebSocket

from .peer import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, Server, accept_of, frame


class Case(unittest.TestCase):
    def serve(self, serve, **options):
        server = Server(serve, **options)
        self.addCleanup(server.close)
        return server

    def open(self, server, path="/ws", timeout=5.0, limit=1 << 20, **options):
        url = urlsplit(f"ws://localhost:{server.port}{path}")
        options = {"headers": {}, "timeout": timeout, "max_message_bytes": limit, **options}
        socket = WebSocket.connect(url, **options)
        self.addCleanup(socket.close)
        return socket

    def converse(self, *sent, limit=1 << 20):
        """A client of a server that sends these bytes; with what the server reads afterwards."""
        heard = []
        done = threading.Event()

        def serve(peer):
            peer.shake()
            for data in sent:
                peer.send(data)
            try:
                while not heard or heard[-1][0] != CLOSE:
                    heard.append(peer.read_frame())
                peer.send_frame(*heard[-1])
            finally:
                done.set()

        return self.open(self.serve(serve), limit=limit), heard, done


class Handshake(Case):
    def test_the_standards_example(self):
        self.assertEqual(accept_of("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")

    def test_asks_as_the_standard_wants_it(self):
        seen = []

        def serve(peer):
            method, target, headers, _ = peer.read_request()
            seen.append((method, target, headers))
            peer.accept(headers)
            peer.send_frame(TEXT, "grüß dich".encode())

        server = self.serve(serve)
        socket = self.open(server, "/synod/ws?a=1", headers={"Authorization": "Bearer t"})
        self.assertEqual(socket.receive(5), "grüß dich")
        method, target, headers = seen[0]
        self.assertEqual((method, target), ("GET", "/synod/ws?a=1"))
        self.assertEqual(headers["host"], f"localhost:{server.port}")
        self.assertEqual(headers["upgrade"], "websocket")
        self.assertEqual(headers["connection"], "Upgrade")
        self.assertEqual(headers["sec-websocket-version"], "13")
        self.assertEqual(headers["authorization"], "Bearer t")
        self.assertNotIn("sec-websocket-extensions", headers)

    def test_takes_frames_that_come_with_the_answer(self):
        def serve(peer):
            _, _, headers, _ = peer.read_request()
            peer.send(
                b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                + f"Sec-WebSocket-Accept: {accept_of(headers['sec-websocket-key'])}\r\n\r\n".encode()
                + frame(TEXT, b"one")
                + frame(TEXT, b"two")
            )
            peer.is_closed()

        socket = self.open(self.serve(serve))
        self.assertEqual([socket.receive(5), socket.receive(5)], ["one", "two"])

    def test_refuses_answers_that_are_no_handshake(self):
        for what, answer in {
            "another key's accept": "HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
            "no accept": "HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
            "another protocol": "HTTP/1.1 101 X\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Accept: ACCEPT\r\n\r\n",
            "no upgrade": "HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: close\r\n"
            "Sec-WebSocket-Accept: ACCEPT\r\n\r\n",
            "an extension": "HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Accept: ACCEPT\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n",
            "no HTTP": "SSH-2.0-OpenSSH_9.2\r\n\r\n",
            "nothing": "",
            "an endless head": "HTTP/1.1 101 X\r\n" + "x: y\r\n" * 20_000,
        }.items():

            def serve(peer, answer=answer):
                _, _, headers, _ = peer.read_request()
                peer.send(answer.replace("ACCEPT", accept_of(headers["sec-websocket-key"])).encode())

            with self.subTest(what), self.assertRaises(SEMPConnectionError):
                self.open(self.serve(serve))

    def test_says_what_the_server_said(self):
        def serve(peer):
            peer.read_request()
            body = {"title": "Missing or wrong token", "status": 401, "code": "UNAUTHENTICATED"}
            peer.answer(401, body, {"X-Request-Id": "r-1", "Retry-After": "7"})

        with self.assertRaises(SEMPError) as caught:
            self.open(self.serve(serve))
        error = caught.exception
        self.assertEqual(
            (error.status, error.message, error.code, error.request_id, error.retry_after),
            (401, "Missing or wrong token", "UNAUTHENTICATED", "r-1", 7.0),
        )

    def test_takes_a_token_nowhere_else(self):
        elsewhere = self.serve(lambda peer: peer.shake() and None)
        server = self.serve(
            lambda peer: peer.read_request() and peer.answer(302, None, {"Location": f"{elsewhere.url}/ws"})
        )
        with self.assertRaises(SEMPError) as caught:
            self.open(server, headers={"Authorization": "Bearer t"})
        self.assertEqual((caught.exception.status, elsewhere.accepted), (302, 0))

    def test_does_not_wait_for_ever(self):
        def silence(peer):
            peer.read_request()
            peer.is_closed()

        def drip(peer):
            peer.read_request()
            while True:
                time.sleep(0.05)
                peer.send(b"H")

        for what, serve in (("silence", silence), ("drips", drip)):
            started = time.monotonic()
            with self.subTest(what), self.assertRaises(SEMPConnectionError):
                self.open(self.serve(serve), timeout=0.3)
            self.assertLess(time.monotonic() - started, 5)

    def test_says_who_cannot_be_reached(self):
        server = Server(lambda peer: None)
        server.close()
        with self.assertRaisesRegex(SEMPConnectionError, f"localhost:{server.port} cannot be reached"):
            self.open(server)


class Messages(Case):
    def test_puts_pieces_together_and_answers_a_ping_between_them(self):
        whole = "Fünf Ärzte".encode()
        socket, heard, _ = self.converse(
            frame(TEXT, whole[:2], fin=False),  # ends inside the ü
            frame(PING, b"there?"),
            frame(CONTINUATION, whole[2:5], fin=False),
            frame(CONTINUATION, b"", fin=False),
            frame(CONTINUATION, whole[5:]),
        )
        self.assertEqual(socket.receive(5), "Fünf Ärzte")
        socket.close()
        self.assertEqual(heard[0], (PONG, b"there?"))

    def test_sends_every_size(self):
        socket, heard, done = self.converse()
        for size in (0, 125, 126, 65535, 65536, 300_000):
            socket.send("x" * size)
        socket.close()
        done.wait(5)
        self.assertEqual([len(data) for opcode, data in heard if opcode == TEXT], [0, 125, 126, 65535, 65536, 300_000])

    def test_returns_nothing_when_the_time_is_over(self):
        socket, _, _ = self.converse()
        self.assertIsNone(socket.receive(0.01))
        self.assertIsNone(socket.receive(0))

    def test_can_be_woken_also_before_it_waits(self):
        waker = Waker()
        self.addCleanup(waker.close)
        server = self.serve(lambda peer: peer.shake() and peer.is_closed() and None)
        socket = self.open(server, waker=waker)
        waker.wake()
        waker.wake()
        self.assertIsNone(socket.receive(None))
        threading.Timer(0.05, waker.wake).start()
        self.assertIsNone(socket.receive(None))

    def test_ends_the_connection_when_the_protocol_is_broken(self):
        for what, sent, code in (
            ("a continuation of nothing", [frame(CONTINUATION, b"x")], 1002),
            ("a message inside a message", [frame(TEXT, b"x", fin=False), frame(TEXT, b"y")], 1002),
            ("a masked frame", [bytes.fromhex("818537fa213d7f9f4d5158")], 1002),
            ("a binary message", [frame(BINARY, b"x")], 1003),
            ("not UTF-8", [frame(TEXT, b"\xc3\x28")], 1007),
            ("cut UTF-8", [frame(TEXT, b"\xc3")], 1007),
            ("a close reason that is not UTF-8", [frame(CLOSE, b"\x03\xe8\xff")], 1007),
            ("half a close code", [frame(CLOSE, b"\x03")], 1002),
            ("a close code that never goes over the wire", [frame(CLOSE, b"\x03\xee")], 1002),
            ("a frame that is too large", [frame(TEXT, bytes(1001))], 1009),
            ("too large in pieces", [frame(TEXT, bytes(600), fin=False), frame(CONTINUATION, bytes(600))], 1009),
        ):
            with self.subTest(what):
                socket, heard, done = self.converse(*sent, limit=1000)
                with self.assertRaises(ConnectionEnded) as caught:
                    socket.receive(5)
                self.assertTrue(done.wait(5))
                self.assertEqual((caught.exception.code, heard), (code, [(CLOSE, code.to_bytes(2, "big"))]))
                with self.assertRaises(ConnectionEnded):
                    socket.send("afterwards")

    def test_answers_a_close_and_gives_its_reason(self):
        socket, heard, done = self.converse(frame(CLOSE, (1001).to_bytes(2, "big") + "geht schlafen".encode()))
        with self.assertRaises(ConnectionEnded) as caught:
            socket.receive(5)
        done.wait(5)
        self.assertEqual((caught.exception.code, caught.exception.reason), (1001, "geht schlafen"))
        self.assertEqual(heard, [(CLOSE, b"\x03\xe9")])

    def test_answers_a_close_without_a_code(self):
        socket, heard, done = self.converse(frame(CLOSE))
        with self.assertRaises(ConnectionEnded) as caught:
            socket.receive(5)
        done.wait(5)
        self.assertEqual((caught.exception.code, heard), (1005, [(CLOSE, b"\x03\xe8")]))

    def test_says_goodbye_and_waits_for_the_answer(self):
        def serve(peer):
            peer.shake()
            code = peer.read_close()
            peer.send_frame(TEXT, b"still under way")
            peer.send_frame(CLOSE, code.to_bytes(2, "big"))
            self.assertTrue(peer.is_closed())

        socket = self.open(self.serve(serve))
        self.assertEqual(socket.close(1000, "done").code, 1000)
        self.assertEqual(socket.close().code, 1000)

    def test_does_not_wait_long_for_a_peer_that_does_not_answer_the_goodbye(self):
        def serve(peer):
            peer.shake()
            peer.read_close()
            peer.is_closed()

        socket = self.open(self.serve(serve))
        started = time.monotonic()
        self.assertEqual(socket.close().code, 1006)
        self.assertLess(time.monotonic() - started, 4)

    def test_notices_a_cut(self):
        socket = self.open(self.serve(lambda peer: peer.shake() and None))
        with self.assertRaises(ConnectionEnded) as caught:
            socket.receive(5)
        self.assertEqual(caught.exception.code, 1006)
