"""Secure Cell, Seal mode: AES-256-GCM under a derived key (docs/formats/secure_cell.md).

    algorithm (4) | iv length (4) | tag length (4) | message length (4) | iv | tag | ciphertext
"""
import hashlib
import hmac
import os
import struct

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

ALGORITHM = 0x40010100
HEADER = struct.Struct("<IIII")
IV_LENGTH = 12
TAG_LENGTH = 16
LABEL = b"Themis secure cell message key"


def seal(key, plaintext, context=b"", random=os.urandom):
    """Cell of a plaintext: 44 bytes longer, with a fresh iv. `context` empty means none."""
    iv = random(IV_LENGTH)
    derived = derive_key(key, LABEL, struct.pack("<I", len(plaintext)), context)
    sealed = AESGCM(derived).encrypt(iv, plaintext, context)
    ciphertext, tag = sealed[:-TAG_LENGTH], sealed[-TAG_LENGTH:]
    header = HEADER.pack(ALGORITHM, IV_LENGTH, TAG_LENGTH, len(plaintext))
    return header + iv + tag + ciphertext


def derive_key(key, label, *contexts):
    """Key derivation of Themis, one HMAC-SHA256 (docs/formats/secure_cell.md)."""
    message = b"\x00\x00\x00\x01" + label + b"\x00" + b"".join(contexts)
    return hmac.new(key, message, hashlib.sha256).digest()
