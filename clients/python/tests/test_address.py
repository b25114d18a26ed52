"""Base URLs, and the addresses made of them."""

import unittest
from urllib.parse import urlsplit

from semp_sdk.address import address_of


class Addresses(unittest.TestCase):
    def test_takes_every_shape_of_a_base(self):
        for base, target, stream in (
            ("http://localhost:5000", "/api/events", "ws://localhost:5000/ws"),
            ("http://localhost:5000/", "/api/events", "ws://localhost:5000/ws"),
            ("http://localhost:5000/api", "/api/events", "ws://localhost:5000/ws"),
            ("http://localhost:5000/api/", "/api/events", "ws://localhost:5000/ws"),
            ("https://api.semp.dev", "/api/events", "wss://api.semp.dev/ws"),
            ("https://host/synod/api", "/synod/api/events", "wss://host/synod/ws"),
            ("http://[::1]:5000", "/api/events", "ws://[::1]:5000/ws"),
        ):
            with self.subTest(base):
                address = address_of(base)
                self.assertEqual((address.target("events"), address.stream().geturl()), (target, stream))

    def test_refuses_what_is_no_base(self):
        for base in (
            "",
            "localhost:5000",
            "ftp://host",
            "http://",
            "http://host/?a=1",
            "http://host/#a",
            "http://me:pw@host",
            "http://host:port",
        ):
            with self.subTest(base), self.assertRaises(ValueError):
                address_of(base).target("events")

    def test_encodes_each_word_by_itself(self):
        address = address_of("http://host")
        self.assertEqual(address.target("events", "scope", "a/b%c ü?#"), "/api/events/scope/a%2Fb%25c%20%C3%BC%3F%23")
        for word in ("", ".", ".."):
            with self.subTest(word), self.assertRaises(ValueError):
                address.target("events", "scope", word)

    def test_writes_a_query_without_what_is_not_asked_for(self):
        target = address_of("http://host").target(
            "events", query={"limit": 5, "scope": "ui.*", "type": ["ready", "test"], "rollup": True, "before": None}
        )
        self.assertEqual(target, "/api/events?limit=5&scope=ui.%2A&type=ready&type=test&rollup=true")

    def test_knows_its_own_server(self):
        address = address_of("https://Host/api")
        for url, here in (
            ("https://host/x", True),
            ("https://HOST:443/x", True),
            ("http://host/x", False),
            ("https://host:444/x", False),
            ("https://other/x", False),
            ("https://host.other/x", False),
            ("ftp://host/x", False),
        ):
            self.assertEqual(address.is_here(urlsplit(url)), here, url)
