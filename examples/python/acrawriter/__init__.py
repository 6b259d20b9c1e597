"""Writer of AcraStructs in pure Python.

    from acrawriter import create_acrastruct

    acrastruct = create_acrastruct(b"4929 1273 4096 1111", storage_public_key)
"""
from .acrastruct import create_acrastruct
from .errors import EmptyDataError, WriterError, WrongPublicKeyError

__all__ = ["EmptyDataError", "WriterError", "WrongPublicKeyError", "create_acrastruct"]
