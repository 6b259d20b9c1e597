"""Column types of SQLAlchemy whose values lie in the database as AcraStructs.

    from acrawriter.sqlalchemy import AcraBinary, AcraString

    class Card(Base):
        number = Column(AcraString(storage_public_key))

What is read through the connector arrives readable; the types only turn the bytes into text.
"""
from sqlalchemy.types import LargeBinary, TypeDecorator

from .acrastruct import create_acrastruct

__all__ = ["AcraBinary", "AcraString"]


class AcraBinary(TypeDecorator):
    """Bytes for the application, an AcraStruct for the database. NULL and empty stay what they are."""

    impl = LargeBinary
    cache_ok = True

    def __init__(self, public_key, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.public_key = public_key

    def process_bind_param(self, value, dialect):
        return create_acrastruct(value, self.public_key) if value else value

    def process_result_value(self, value, dialect):
        return value


class AcraString(AcraBinary):
    """The same for text."""

    cache_ok = True  # not inherited: SQLAlchemy asks each class

    def __init__(self, public_key, encoding="utf-8", *args, **kwargs):
        super().__init__(public_key, *args, **kwargs)
        self.encoding = encoding

    def process_bind_param(self, value, dialect):
        data = None if value is None else value.encode(self.encoding)
        return super().process_bind_param(data, dialect)

    def process_result_value(self, value, dialect):
        if value is None or isinstance(value, str):
            return value
        # A value that nobody opened is no text: it is shown as what is readable of it.
        return bytes(value).decode(self.encoding, "ignore")
