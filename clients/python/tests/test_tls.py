"""https and wss. `tls/` holds a certificate for localhost that signs itself, good until 2120; its key is no secret."""

import pathlib
import ssl
import unittest
from urllib.parse import urlsplit

from semp_sdk import SEMPClient, SEMPConnectionError
from semp_sdk.websocket import WebSocket

from .peer import TEXT, Server

TLS = pathlib.Path(__file__).parent / "tls"


class Case(unittest.TestCase):
    def serve(self, serve):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(TLS / "certificate.pem", TLS / "key.pem")
        server = Server(serve, tls=context)
        self.addCleanup(server.close)
        return server

    def trusting(self):
        return ssl.create_default_context(cafile=str(TLS / "certificate.pem"))


class Https(Case):
    def test_reads_from_a_server_it_trusts(self):
        def serve(peer):
            while True:
                peer.read_request()
                peer.answer(200, [])

        server = self.serve(serve)
        with SEMPClient(server.url, ssl_context=self.trusting(), retries=0) as client:
            self.assertEqual((client.get_events(), client.get_signals()), ([], []))
        self.assertEqual(server.accepted, 1)

    def test_says_nothing_to_a_server_it_does_not_trust(self):
        asked = []
        server = self.serve(lambda peer: asked.append(peer.read_request()))
        client = SEMPClient(server.url, token="secret")
        with self.assertRaisesRegex(SEMPConnectionError, "CERTIFICATE_VERIFY_FAILED"):
            client.get_events()
        with self.assertRaisesRegex(SEMPConnectionError, "CERTIFICATE_VERIFY_FAILED"):
            client.connect(since="1")
        self.assertEqual((asked, server.accepted), ([], 2))

    def test_says_nothing_to_another_name(self):
        asked = []
        server = self.serve(lambda peer: asked.append(peer.read_request()))
        client = SEMPClient(f"https://127.0.0.1:{server.port}", ssl_context=self.trusting(), retries=0)
        with self.assertRaisesRegex(SEMPConnectionError, "CERTIFICATE_VERIFY_FAILED"):
            client.get_events()
        self.assertEqual(asked, [])


class Wss(Case):
    def test_exchanges_messages_larger_and_smaller_than_a_record(self):
        heard = []

        def serve(peer):
            peer.shake()
            for size in (3, 100_000, 5):
                peer.send_frame(TEXT, b"x" * size)
            heard.append(peer.read_frame())
            peer.read_close()

        server = self.serve(serve)
        socket = WebSocket.connect(
            urlsplit(f"wss://localhost:{server.port}/ws"),
            headers={},
            timeout=5,
            max_message_bytes=1 << 20,
            ssl_context=self.trusting(),
        )
        # The session tickets that TLS 1.3 sends first are no message, and must not block.
        self.assertEqual([len(socket.receive(5) or "") for _ in range(3)], [3, 100_000, 5])
        self.assertIsNone(socket.receive(0.05))
        socket.send("y" * 50_000)
        socket.close()
        self.assertEqual(heard, [(TEXT, b"y" * 50_000)])
