"""Model fields of Django whose values lie in the database as AcraStructs.

    from acrawriter.django import CharField, EmailField, TextField

    class Entry(models.Model):
        headline = CharField(max_length=200)

The key is `public_key` or `settings.ACRA_SERVER_PUBLIC_KEY`. What is read through the connector
arrives readable; the field only turns the bytes into text.
"""
from django.conf import settings
from django.db import models

from .acrastruct import create_acrastruct

__all__ = ["CharField", "EmailField", "TextField"]

NO_KEY = "Set public key arg or settings.ACRA_SERVER_PUBLIC_KEY"
DEFAULT_ENCODING = "utf-8"
# A value that nobody opened is no text: it is shown as what is readable of it.
DEFAULT_ENCODING_ERRORS = "ignore"


class _ProtectedText:
    """Text for the application, an AcraStruct in a binary column for the database."""

    def __init__(
        self,
        public_key=None,
        encoding=DEFAULT_ENCODING,
        encoding_errors=DEFAULT_ENCODING_ERRORS,
        *args,
        **kwargs,
    ):
        self._own_public_key = public_key
        self.encoding = encoding
        self.encoding_errors = encoding_errors
        self.public_key = public_key or getattr(settings, "ACRA_SERVER_PUBLIC_KEY", None)
        if not self.public_key:
            raise ValueError(NO_KEY)
        super().__init__(*args, **kwargs)

    def deconstruct(self):
        """What a migration has to know: of the key only one that is not that of the settings."""
        name, path, args, kwargs = super().deconstruct()
        own = (
            ("public_key", self._own_public_key, None),
            ("encoding", self.encoding, DEFAULT_ENCODING),
            ("encoding_errors", self.encoding_errors, DEFAULT_ENCODING_ERRORS),
        )
        kwargs.update({key: value for key, value, default in own if value != default})
        return name, path, args, kwargs

    def get_internal_type(self):
        return "BinaryField"

    def get_placeholder(self, value, compiler, connection):
        return connection.ops.binary_placeholder_sql(value)

    def to_python(self, value):
        if isinstance(value, (bytes, bytearray, memoryview)):
            return bytes(value).decode(self.encoding, self.encoding_errors)
        return super().to_python(value)

    def from_db_value(self, value, expression, connection):
        return self.to_python(value)

    def get_db_prep_value(self, value, connection, prepared=False):
        text = super().get_db_prep_value(value, connection, prepared)
        return None if text is None else connection.Database.Binary(self._protect(text))

    def _protect(self, text):
        """Empty stays empty: there is nothing to protect, and no AcraStruct of nothing."""
        return create_acrastruct(text.encode(self.encoding), self.public_key) if text else b""


class CharField(_ProtectedText, models.CharField):
    """A line of text. `max_length` holds for the plaintext, in forms."""


class EmailField(_ProtectedText, models.EmailField):
    """An e-mail address, validated in forms."""


class TextField(_ProtectedText, models.TextField):
    """Text of any length, in forms a text area."""
