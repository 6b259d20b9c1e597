"""Secure Message, encrypted from one key pair to another (docs/formats/secure_message.md).

    type (4) | length of all (4) | a cell under the shared secret, without context
"""
import os
import struct

from cryptography.hazmat.primitives.asymmetric import ec

from . import secure_cell

HEADER = struct.Struct("<II")
ENCRYPTED = 0x26042720


def encrypt(private_key, peer_public_key, message, random=os.urandom):
    """Message that only the holders of one of the two private keys can read: 52 bytes longer."""
    secret = private_key.exchange(ec.ECDH(), peer_public_key)
    cell = secure_cell.seal(secret, message, random=random)
    return HEADER.pack(ENCRYPTED, HEADER.size + len(cell)) + cell
