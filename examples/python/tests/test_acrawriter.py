"""The writer against the vectors of the original software, and against an opener of its own."""
import base64
import json
import pathlib
import unittest

from acrawriter import EmptyDataError, WrongPublicKeyError, create_acrastruct
from acrawriter.acrastruct import seal
from acrawriter.containers import crc32c, decode_public_key

from .opener import NotOpenedError, decode_private_key, open_acrastruct

VECTORS = pathlib.Path(__file__).resolve().parents[3] / "test" / "vectors"
ZONE_ID = b"DDDDDDDDabcdefghijklmnop"


def load(name):
    return json.loads((VECTORS / name).read_text(encoding="utf-8"))


def from_base64(text):
    return b"" if text is None else base64.b64decode(text)


def from_hex(value):
    """Bytes of a hexadecimal string, or of a pattern that is repeated up to a length."""
    if value is None:
        return b""
    if isinstance(value, str):
        return bytes.fromhex(value)
    pattern, length = bytes.fromhex(value["repeat"]), value["length"]
    return (pattern * (length // len(pattern) + 1))[:length]


class VectorTest(unittest.TestCase):
    """What the original made, and what it made from known random bytes."""

    def test_opens_the_acrastructs_of_the_original_writers(self):
        vectors = load("acra.json")
        pairs = vectors["keypairs"]
        self.assertGreater(len(vectors["acrastructs"]), 80)
        for vector in vectors["acrastructs"]:
            with self.subTest(vector["name"]):
                private_key = from_base64(pairs[vector["keypair"]]["private_key_b64"])
                acrastruct = from_base64(vector["acrastruct_b64"])
                context = from_base64(vector["context_b64"])
                plaintext = open_acrastruct(acrastruct, private_key, context)
                self.assertEqual(plaintext, from_base64(vector["plaintext_b64"]))

    def test_makes_the_same_bytes_from_the_same_random_bytes(self):
        vectors = load("themis.json")["acrastruct"]
        self.assertGreater(len(vectors), 5)
        for vector in vectors:
            with self.subTest(vector["name"]):
                drawn = [from_hex(vector[name]) for name in ("symmetric_key", "key_iv", "data_iv")]
                acrastruct = seal(
                    from_hex(vector["plaintext"]),
                    decode_public_key(from_hex(vector["storage_public"])),
                    from_hex(vector["context"]),
                    decode_private_key(from_hex(vector["throwaway_private"])),
                    lambda _length: drawn.pop(0),
                )
                self.assertEqual(acrastruct.hex(), from_hex(vector["acrastruct"]).hex())

    def test_refuses_every_wrong_public_key(self):
        keys = [key for key in load("themis.json")["keys"]["invalid"] if key["kind"] == "public"]
        self.assertGreater(len(keys), 30)
        for key in keys:
            with self.subTest(key["name"]), self.assertRaises(WrongPublicKeyError):
                create_acrastruct(b"data", bytes.fromhex(key["hex"]))

    def test_checks_by_the_crc_that_the_format_names(self):
        self.assertEqual(crc32c(b"123456789"), 0xE3069283)


class WriterTest(unittest.TestCase):
    """Round trips, and arguments that make no sense."""

    @classmethod
    def setUpClass(cls):
        pairs = load("acra.json")["keypairs"]
        cls.public_key = from_base64(pairs["a"]["public_key_b64"])
        cls.private_key = from_base64(pairs["a"]["private_key_b64"])
        cls.other_private_key = from_base64(pairs["b"]["private_key_b64"])

    def test_what_is_written_can_be_opened(self):
        for data in (b"\x00", "Grüße, 世界".encode(), bytes(range(256)) * 400):
            for context in (None, b"", ZONE_ID):
                acrastruct = create_acrastruct(data, self.public_key, context)
                self.assertEqual(len(acrastruct), len(data) + 189)
                opened = open_acrastruct(acrastruct, self.private_key, context or b"")
                self.assertEqual(opened, data)

    def test_takes_the_key_in_base64_too(self):
        text = base64.b64encode(self.public_key).decode()
        for key in (text, text.encode(), text + "\n", bytearray(self.public_key)):
            acrastruct = create_acrastruct(b"data", key)
            self.assertEqual(open_acrastruct(acrastruct, self.private_key), b"data")

    def test_another_key_or_context_opens_nothing(self):
        acrastruct = create_acrastruct(b"data", self.public_key, ZONE_ID)
        for private_key, context in (
            (self.other_private_key, ZONE_ID),
            (self.private_key, b""),
            (self.private_key, ZONE_ID[::-1]),
        ):
            with self.assertRaises(NotOpenedError):
                open_acrastruct(acrastruct, private_key, context)

    def test_no_two_are_alike(self):
        first, second = (create_acrastruct(b"data", self.public_key) for _ in range(2))
        for part in (slice(8, 53), slice(73, 137), slice(161, None)):
            self.assertNotEqual(first[part], second[part])

    def test_refuses_empty_data(self):
        with self.assertRaises(EmptyDataError):
            create_acrastruct(b"", self.public_key)

    def test_refuses_what_is_no_key(self):
        for key in (b"", "", "§", b"\xff" * 45, self.private_key, self.public_key[:-1]):
            with self.assertRaises(WrongPublicKeyError):
                create_acrastruct(b"data", key)

    def test_refuses_text(self):
        with self.assertRaises(TypeError):
            create_acrastruct("data", self.public_key)
        with self.assertRaises(TypeError):
            create_acrastruct(b"data", self.public_key, "DDDDDDDDabcdefghijklmnop")


if __name__ == "__main__":
    unittest.main()
