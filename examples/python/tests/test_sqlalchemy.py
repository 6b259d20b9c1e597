"""The column types of SQLAlchemy, with SQLite, which keeps what it is given."""
import unittest

try:
    from sqlalchemy import Column, Integer, MetaData, Table, create_engine, text
except ImportError:
    raise unittest.SkipTest("needs SQLAlchemy") from None

from acrawriter.sqlalchemy import AcraBinary, AcraString

from .opener import make_key_pair, open_acrastruct

PRIVATE_KEY, PUBLIC_KEY = make_key_pair()

NOTES = Table(
    "notes",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("data", AcraBinary(PUBLIC_KEY)),
    Column("text", AcraString(PUBLIC_KEY)),
    Column("old", AcraString(PUBLIC_KEY, "latin-1")),
)


class TypeTest(unittest.TestCase):
    def setUp(self):
        self.engine = create_engine("sqlite://")
        NOTES.metadata.create_all(self.engine)
        self.addCleanup(self.engine.dispose)

    def write(self, **values):
        with self.engine.begin() as connection:
            connection.execute(NOTES.insert().values(**values))

    def stored(self):
        """The bytes as they lie in the newest row."""
        with self.engine.connect() as connection:
            row = connection.execute(text("SELECT data, text, old FROM notes ORDER BY id DESC"))
            return tuple(row.first())

    def test_values_are_written_as_acrastructs(self):
        self.write(data=b"\x00\xff", text="Grüße", old="é")
        data, line, old = self.stored()
        self.assertEqual(open_acrastruct(data, PRIVATE_KEY), b"\x00\xff")
        self.assertEqual(open_acrastruct(line, PRIVATE_KEY), "Grüße".encode())
        self.assertEqual(open_acrastruct(old, PRIVATE_KEY), b"\xe9")

    def test_null_and_empty_stay_what_they_are(self):
        self.write(data=None, text=None, old="")
        self.assertEqual(self.stored(), (None, None, b""))
        self.write(data=b"", text="", old=None)
        self.assertEqual(self.stored(), (b"", b"", None))

    def test_what_was_opened_on_the_way_is_read_as_bytes_and_text(self):
        for kind, stored, value in (
            (AcraBinary(PUBLIC_KEY), b"\x00\xff", b"\x00\xff"),
            (AcraString(PUBLIC_KEY), "Grüße".encode(), "Grüße"),
            (AcraString(PUBLIC_KEY), memoryview(b"abc"), "abc"),
            (AcraString(PUBLIC_KEY, "latin-1"), b"\xe9", "é"),
            (AcraString(PUBLIC_KEY), "text", "text"),
            (AcraString(PUBLIC_KEY), b"a\xffb", "ab"),
            (AcraString(PUBLIC_KEY), None, None),
            (AcraBinary(PUBLIC_KEY), None, None),
        ):
            self.assertEqual(kind.process_result_value(stored, None), value)

    def test_two_keys_make_two_types_for_the_cache_of_statements(self):
        _, other = make_key_pair()
        first, second = AcraString(PUBLIC_KEY), AcraString(other)
        self.assertNotEqual(first._static_cache_key, second._static_cache_key)
        self.assertEqual(first._static_cache_key, AcraString(PUBLIC_KEY)._static_cache_key)


if __name__ == "__main__":
    unittest.main()
