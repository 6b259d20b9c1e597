"""Opens AcraStructs, so that the tests see what was written. Applications do not do that."""
import struct

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from acrawriter import WrongPublicKeyError, secure_cell, secure_message
from acrawriter.acrastruct import TAG
from acrawriter.containers import (
    CURVE,
    decode_container,
    decode_public_key,
    encode_container,
    encode_public_key,
)

PRIVATE_TAG = b"REC2"
CELL_OVERHEAD = secure_cell.HEADER.size + secure_cell.IV_LENGTH + secure_cell.TAG_LENGTH
PUBLIC_KEY_END = len(TAG) + 45
WRAPPED_KEY_END = PUBLIC_KEY_END + 84
HEADER_LENGTH = WRAPPED_KEY_END + 8


class NotOpenedError(Exception):
    """The AcraStruct is malformed, or not for this key and context."""


def make_key_pair():
    """Containers of a new private key and its public key."""
    key = ec.generate_private_key(CURVE())
    scalar = key.private_numbers().private_value.to_bytes(33, "big")
    return encode_container(PRIVATE_TAG, scalar), encode_public_key(key.public_key())


def open_acrastruct(acrastruct, private_key, context=b""):
    """Plaintext of one AcraStruct; `private_key` is the 45-byte container."""
    try:
        return _open(acrastruct, decode_private_key(private_key), context)
    except (InvalidTag, WrongPublicKeyError) as error:
        raise NotOpenedError() from error


def decode_private_key(container):
    """Private key of its container."""
    scalar = decode_container(PRIVATE_TAG, container)
    return ec.derive_private_key(int.from_bytes(scalar, "big"), CURVE())


def _open(acrastruct, private_key, context):
    _require(len(acrastruct) >= HEADER_LENGTH and acrastruct.startswith(TAG))
    (length,) = struct.unpack("<Q", acrastruct[WRAPPED_KEY_END:HEADER_LENGTH])
    _require(length == len(acrastruct) - HEADER_LENGTH)
    throwaway = decode_public_key(acrastruct[len(TAG) : PUBLIC_KEY_END])
    key = _decrypt_message(acrastruct[PUBLIC_KEY_END:WRAPPED_KEY_END], private_key, throwaway)
    return _unseal(key, acrastruct[HEADER_LENGTH:], context)


def _decrypt_message(message, private_key, peer_public_key):
    kind, length = secure_message.HEADER.unpack_from(message)
    _require(kind == secure_message.ENCRYPTED and length == len(message))
    secret = private_key.exchange(ec.ECDH(), peer_public_key)
    return _unseal(secret, message[secure_message.HEADER.size :], b"")


def _unseal(key, cell, context):
    _require(len(cell) > CELL_OVERHEAD)
    fields = secure_cell.HEADER.unpack_from(cell)
    length = len(cell) - CELL_OVERHEAD
    expected = (secure_cell.ALGORITHM, secure_cell.IV_LENGTH, secure_cell.TAG_LENGTH, length)
    _require(fields == expected)
    iv_end = secure_cell.HEADER.size + secure_cell.IV_LENGTH
    iv = cell[secure_cell.HEADER.size : iv_end]
    tag, ciphertext = cell[iv_end:CELL_OVERHEAD], cell[CELL_OVERHEAD:]
    contexts = (struct.pack("<I", length), context)
    derived = secure_cell.derive_key(key, secure_cell.LABEL, *contexts)
    return AESGCM(derived).decrypt(iv, ciphertext + tag, context)


def _require(condition):
    if not condition:
        raise NotOpenedError()
