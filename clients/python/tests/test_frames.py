"""Frames, against the examples of RFC 6455, section 5.7, and against what a server must not send."""

import random
import unittest

from semp_sdk.frames import BINARY, CONTINUATION, PING, PONG, TEXT, FrameReader, ProtocolError, encode, mask

from .peer import frame


def read(data: bytes, limit: int = 1 << 20):
    return [(item.fin, item.opcode, item.payload) for item in FrameReader(limit).feed(data)]


class Frames(unittest.TestCase):
    def test_reads_the_examples_of_the_standard(self):
        self.assertEqual(read(bytes.fromhex("810548656c6c6f")), [(True, TEXT, b"Hello")])
        self.assertEqual(
            read(bytes.fromhex("010348656c 80026c6f")), [(False, TEXT, b"Hel"), (True, CONTINUATION, b"lo")]
        )
        self.assertEqual(read(bytes.fromhex("890548656c6c6f")), [(True, PING, b"Hello")])
        self.assertEqual(read(bytes.fromhex("827e0100") + bytes(256)), [(True, BINARY, bytes(256))])
        self.assertEqual(read(bytes.fromhex("827f0000000000010000") + bytes(65536)), [(True, BINARY, bytes(65536))])

    def test_masks_as_the_standard_does(self):
        # The masked "Hello" of section 5.7.
        self.assertEqual(mask(b"Hello", bytes.fromhex("37fa213d")), bytes.fromhex("7f9f4d5158"))
        self.assertEqual(mask(b"", b"abcd"), b"")

    def test_writes_every_form_of_a_length_masked_under_a_fresh_key(self):
        for length, head in ((0, "8a80"), (125, "8afd"), (126, "8afe007e"), (65535, "8afeffff")):
            self.assertTrue(encode(PONG, bytes(length)).startswith(bytes.fromhex(head)), length)
        self.assertTrue(encode(TEXT, bytes(65536)).startswith(bytes.fromhex("81ff0000000000010000")))
        self.assertNotEqual(encode(TEXT, b"Hello"), encode(TEXT, b"Hello"))

    def test_does_not_care_how_the_bytes_arrive(self):
        data = frame(TEXT, b"a" * 300) + frame(PING, b"!") + frame(TEXT, b"b" * 70_000)
        reader = FrameReader(1 << 20)
        got = [item.payload for i in range(len(data)) for item in reader.feed(data[i : i + 1])]
        self.assertEqual(got, [b"a" * 300, b"!", b"b" * 70_000])

    def test_refuses_what_a_server_must_not_send(self):
        for what, data, code in (
            ("a reserved bit", "c100", 1002),
            ("an unknown opcode", "8300", 1002),
            ("an unknown control opcode", "8b00", 1002),
            ("a mask", "818537fa213d7f9f4d5158", 1002),
            ("a ping in pieces", "0900", 1002),
            ("a ping of 126 bytes", "897e007e", 1002),
            ("a 16-bit length that fits into 7", "817e007d", 1002),
            ("a 64-bit length that fits into 16", "817f000000000000ffff", 1002),
            ("a length beyond 63 bits", "817fffffffffffffffff", 1009),
            ("a length beyond the limit", "817e03e9", 1009),
        ):
            with self.subTest(what), self.assertRaises(ProtocolError) as caught:
                read(bytes.fromhex(data), limit=1000)
            self.assertEqual(caught.exception.code, code, what)

    def test_meets_any_bytes_with_frames_or_a_protocol_error(self):
        source = random.Random(7)
        refused = 0
        for _ in range(3_000):
            # Beginnings that pass the first look, so that the rest is reached too.
            data = bytes((source.choice((0x01, 0x81, 0x82, 0x80, 0x88, 0x89, 0xC1)), source.randrange(256)))
            data += source.randbytes(source.randrange(300))
            try:
                for item in FrameReader(200).feed(data):
                    self.assertLessEqual(len(item.payload), 200)
            except ProtocolError as error:
                self.assertIn(error.code, (1002, 1009))
                refused += 1
        self.assertGreater(refused, 1_000)

    def test_refuses_a_large_frame_before_it_comes(self):
        reader = FrameReader(1000)
        with self.assertRaises(ProtocolError):
            list(reader.feed(frame(TEXT, bytes(2000))[:4]))
