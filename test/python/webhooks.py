"""The webhooks of the server at $SYNOD_URL, with a receiver in this process. Run by client.test.ts."""

import base64
import hashlib
import hmac
import http.server
import json
import os
import queue
import threading
import time
import unittest
import uuid

from semp_sdk import SEMPClient, SEMPError

URL = os.environ["SYNOD_URL"]


class Receiver(http.server.BaseHTTPRequestHandler):
    deliveries = queue.Queue()

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        self.deliveries.put(({name.lower(): value for name, value in self.headers.items()}, body))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *args):
        pass


def signature(secret, headers, body):
    """@see https://www.standardwebhooks.com: over id, timestamp and body."""
    key = base64.b64decode(secret[len("whsec_") :])
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


class Webhooks(unittest.TestCase):
    def setUp(self):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        self.url = f"http://127.0.0.1:{server.server_port}/hook"
        self.client = SEMPClient(URL)
        self.addCleanup(self.client.close)

    def receive(self):
        return Receiver.deliveries.get(timeout=30)

    def test_live_from_their_making_to_their_end(self):
        client = self.client
        made = client.create_webhook(url=self.url, events=["reward"], scopes=["ui.*"])
        self.assertEqual((made["events"], made["scopes"], made["active"]), (["reward"], ["ui.*"], True))
        secret = made.pop("secret")
        self.assertEqual(client.get_webhooks(), [client.get_webhook(made["id"])])
        self.assertEqual(client.get_webhook(made["id"])["status"], "active")

        def post(type, scope):
            return client.create_event(type=type, scope=scope, trace_id="t", agent_id="a", payload={"action": "x"})

        post("proposal", "ui.login")
        post("reward", "api")
        event = post("reward", "ui.login")
        headers, body = self.receive()
        self.assertEqual(json.loads(body)["data"], event)
        self.assertIn(signature(secret, headers, body), headers["webhook-signature"].split(" "))
        while client.get_webhook(made["id"])["delivered_total"] == 0:
            time.sleep(0.01)
        (delivery,) = client.get_webhook_deliveries(made["id"], limit=5)
        self.assertEqual((delivery["event_id"], delivery["outcome"]), (event["id"], "delivered"))
        self.assertEqual(delivery["status"], 204)

        rotated = client.rotate_webhook(made["id"], grace_seconds=0)
        self.assertNotEqual(rotated["secret"], secret)
        self.assertTrue(client.test_webhook(made["id"])["delivered"])
        headers, body = self.receive()
        self.assertEqual(headers["webhook-signature"], signature(rotated["secret"], headers, body))

        self.assertEqual(client.update_webhook(made["id"], active=False)["status"], "disabled")
        self.assertEqual(client.update_webhook(made["id"], active=True, scopes=[])["scopes"], [])
        client.delete_webhook(made["id"])
        with self.assertRaises(SEMPError) as caught:
            client.get_webhook(made["id"])
        self.assertEqual(caught.exception.status, 404)
        self.assertEqual(client.get_webhooks(), [])

    def test_made_twice_under_a_key_are_one(self):
        key = str(uuid.uuid4())
        first = self.client.create_webhook(url=self.url, active=False, idempotency_key=key)
        self.assertEqual(self.client.create_webhook(url=self.url, active=False, idempotency_key=key), first)
        self.client.delete_webhook(first["id"])

    def test_refuse_a_url_that_is_none(self):
        with self.assertRaisesRegex(SEMPError, "^400 Validation error: "):
            self.client.create_webhook(url="ftp://somewhere")


if __name__ == "__main__":
    unittest.main()
