"""AcraStruct: data under a fresh key, wrapped for a recipient (docs/formats/acrastruct.md).

    tag (8) | throwaway public key (45) | wrapped key (84) | length (8) | a cell with the data
"""
import os
import struct

from cryptography.hazmat.primitives.asymmetric import ec

from . import secure_cell, secure_message
from .containers import CURVE, decode_public_key, encode_public_key
from .errors import EmptyDataError

TAG = b'"' * 8
SYMMETRIC_KEY_LENGTH = 32


def create_acrastruct(data, acra_public_key, context=None):
    """AcraStruct of `data`: 189 bytes longer, different at every call.

    data             bytes to protect, at least one
    acra_public_key  content of CLIENT_storage.pub or the public key of a zone: bytes, or base64
    context          the zone id (bytes) with a zone's key; None and b"" are the same: none

    Raises EmptyDataError, WrongPublicKeyError, and TypeError for what is not bytes.
    """
    plaintext = _require_bytes(data, "data")
    if not plaintext:
        raise EmptyDataError()
    recipient = decode_public_key(acra_public_key)
    zone_id = _require_bytes(context or b"", "context")
    return seal(plaintext, recipient, zone_id, ec.generate_private_key(CURVE()))


def seal(plaintext, recipient, context, throwaway, random=os.urandom):
    """The same from prepared keys; `throwaway` is a private key that is used this once."""
    key = random(SYMMETRIC_KEY_LENGTH)
    wrapped = secure_message.encrypt(throwaway, recipient, key, random)
    cell = secure_cell.seal(key, plaintext, context, random)
    public_key = encode_public_key(throwaway.public_key())
    return TAG + public_key + wrapped + struct.pack("<Q", len(cell)) + cell


def _require_bytes(value, name):
    if not isinstance(value, (bytes, bytearray, memoryview)):
        raise TypeError(f"{name} must be bytes; encode text first")
    return bytes(value)
