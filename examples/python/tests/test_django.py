"""The model fields of Django, without a database: what goes to one, and what comes from one."""
import unittest

try:
    import django
except ImportError:
    raise unittest.SkipTest("needs Django") from None
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import connection, models
from django.db.migrations.writer import MigrationWriter
from django.test import override_settings

from .opener import make_key_pair, open_acrastruct

PRIVATE_KEY, PUBLIC_KEY = make_key_pair()

if not settings.configured:
    settings.configure(
        ACRA_SERVER_PUBLIC_KEY=PUBLIC_KEY,
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    )
    django.setup()

from acrawriter.django import CharField, EmailField, TextField  # noqa: E402


class Note(models.Model):
    title = CharField(max_length=12)
    text = TextField(blank=True)
    sender = EmailField(null=True, blank=True)

    class Meta:
        app_label = "tests"


def to_database(field, value):
    """What the driver is given, as bytes."""
    prepared = field.get_db_prep_save(value, connection)
    return None if prepared is None else bytes(prepared)


def from_database(field, value):
    return field.from_db_value(value, None, connection)


class FieldTest(unittest.TestCase):
    def test_a_value_goes_to_the_database_as_an_acrastruct_of_its_own(self):
        field = Note._meta.get_field("title")
        first, second = to_database(field, "Grüße"), to_database(field, "Grüße")
        self.assertNotEqual(first, second)
        for value in (first, second):
            self.assertEqual(open_acrastruct(value, PRIVATE_KEY), "Grüße".encode())

    def test_empty_text_and_null_stay_what_they_are(self):
        for name in ("title", "text", "sender"):
            field = Note._meta.get_field(name)
            self.assertEqual(to_database(field, ""), b"")
            self.assertIsNone(to_database(field, None))

    def test_values_come_from_the_database_as_text(self):
        field = Note._meta.get_field("text")
        self.assertEqual(from_database(field, memoryview("Grüße".encode())), "Grüße")
        self.assertEqual(from_database(field, b"a\xff\xfeb"), "ab")
        self.assertEqual(from_database(field, b""), "")
        self.assertEqual(from_database(field, "text"), "text")
        self.assertIsNone(from_database(field, None))

    def test_another_encoding_is_used_both_ways(self):
        field = CharField(encoding="latin-1", max_length=10)
        self.assertEqual(open_acrastruct(to_database(field, "é"), PRIVATE_KEY), b"\xe9")
        self.assertEqual(from_database(field, b"\xe9"), "é")
        strict = CharField(encoding_errors="strict", max_length=10)
        self.assertRaises(UnicodeDecodeError, from_database, strict, b"\xff")

    def test_the_columns_are_binary_ones(self):
        for name in ("title", "text", "sender"):
            self.assertEqual(Note._meta.get_field(name).db_type(connection), "BLOB")

    def test_the_key_of_the_argument_goes_before_that_of_the_settings(self):
        other, key = make_key_pair()
        for field in (CharField(key, max_length=10), EmailField(key), TextField(public_key=key)):
            self.assertEqual(open_acrastruct(to_database(field, "a@b.de"), other), b"a@b.de")

    def test_no_key_at_all_is_an_error(self):
        message = "Set public key arg or settings.ACRA_SERVER_PUBLIC_KEY"
        for key in (None, b""):
            with override_settings(ACRA_SERVER_PUBLIC_KEY=key):
                for kind in (CharField, EmailField, TextField):
                    with self.assertRaisesRegex(ValueError, message):
                        kind()

    def test_forms_hold_the_plaintext_to_its_rules(self):
        Note(title="a" * 12, text="b" * 5000, sender="someone@example.org").full_clean()
        for wrong in ({"title": "a" * 13}, {"title": "a", "sender": "nobody"}):
            with self.assertRaises(ValidationError):
                Note(**wrong).full_clean()
        self.assertEqual(EmailField().max_length, 254)
        self.assertEqual(type(TextField().formfield().widget).__name__, "Textarea")
        self.assertEqual(TextField().formfield().validators[1:], [])

    def test_the_models_pass_the_checks_of_django(self):
        self.assertEqual(Note.check(databases=["default"]), [])

    def test_a_migration_names_the_fields_and_only_a_key_of_their_own(self):
        text, imports = MigrationWriter.serialize(Note._meta.get_field("title"))
        self.assertEqual(text, "acrawriter.django.CharField(max_length=12)")
        self.assertEqual(imports, {"import acrawriter.django"})
        text, _ = MigrationWriter.serialize(TextField(PUBLIC_KEY, "latin-1", "strict", blank=True))
        self.assertEqual(
            text,
            "acrawriter.django.TextField("
            f"blank=True, encoding='latin-1', encoding_errors='strict', public_key={PUBLIC_KEY!r})",
        )
        copy = Note._meta.get_field("sender").clone()
        self.assertEqual((copy.null, copy.max_length), (True, 254))


class TableTest(unittest.TestCase):
    """Against SQLite, which keeps what it is given: the values come back as nobody opened them."""

    def setUp(self):
        with connection.schema_editor() as editor:
            editor.create_model(Note)
        self.addCleanup(self.remove_table)

    def remove_table(self):
        with connection.schema_editor() as editor:
            editor.delete_model(Note)

    def stored(self, column):
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {column} FROM tests_note ORDER BY id")
            return [row[0] for row in cursor]

    def test_every_way_of_writing_protects(self):
        note = Note.objects.create(title="created")
        Note.objects.bulk_create([Note(title="in bulk")])
        for value, text in zip(self.stored("title"), (b"created", b"in bulk")):
            self.assertEqual(open_acrastruct(value, PRIVATE_KEY), text)
        self.assertEqual(self.stored("text"), [b"", b""])
        self.assertEqual(self.stored("sender"), [None, None])
        Note.objects.filter(pk=note.pk).update(title="updated")
        note.text = "saved"
        note.save(update_fields=["text"])
        self.assertEqual(open_acrastruct(self.stored("title")[0], PRIVATE_KEY), b"updated")
        self.assertEqual(open_acrastruct(self.stored("text")[0], PRIVATE_KEY), b"saved")

    def test_a_column_that_is_added_to_rows_is_empty_there(self):
        Note.objects.create(title="there")
        for name, field in (
            ("with_default", TextField(blank=True, default="")),
            ("without", CharField(blank=True, max_length=5)),
        ):
            field.set_attributes_from_name(name)
            with connection.schema_editor() as editor:
                editor.add_field(Note, field)
            self.assertEqual(self.stored(name), [b""])

    def test_what_nobody_opened_is_shown_as_what_is_readable_of_it(self):
        Note.objects.create(title="closed")
        read = Note.objects.get().title
        self.assertIsInstance(read, str)
        self.assertTrue(read.startswith('""""""""UEC2'))
        self.assertNotIn("closed", read)


if __name__ == "__main__":
    unittest.main()
