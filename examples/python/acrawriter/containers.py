"""Key containers with their CRC-32C (docs/formats/containers.md).

    tag (4) | size of all, big-endian (4) | crc, little-endian (4) | payload
"""
import base64
import binascii
import struct

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from .errors import WrongPublicKeyError

CURVE = ec.SECP256R1
PUBLIC_TAG = b"UEC2"
HEADER_LENGTH = 12
CRC_POLYNOMIAL = 0x82F63B78

COMPRESSED_LENGTH = 33
UNCOMPRESSED_LENGTH = 65


def encode_container(tag, payload):
    """Bytes of a container with that tag and payload."""
    size = struct.pack(">I", HEADER_LENGTH + len(payload))
    crc = crc32c(tag + size + bytes(4) + payload)
    return tag + size + struct.pack("<I", crc) + payload


def decode_container(tag, container):
    """Payload of a container; ValueError when it is not one, whole and with that tag."""
    payload = container[HEADER_LENGTH:]
    if container != encode_container(tag, payload):
        raise ValueError("not a key container")
    return payload


def encode_public_key(key):
    """Container of a public key: 45 bytes."""
    point = key.public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    return encode_container(PUBLIC_TAG, point)


def decode_public_key(text_or_bytes):
    """Public key from its container, raw or in base64.

    Raises WrongPublicKeyError for everything else, points outside the curve included.
    """
    try:
        point = decode_container(PUBLIC_TAG, _raw_container(text_or_bytes))
        if not _is_encoded_point(point):
            raise ValueError("not a point")
        return ec.EllipticCurvePublicKey.from_encoded_point(CURVE(), point)
    except ValueError as error:
        raise WrongPublicKeyError() from error


def crc32c(data):
    """CRC with the Castagnoli polynomial, bits reflected, as a number."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = CRC_TABLE[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return crc ^ 0xFFFFFFFF


def _crc_of_byte(byte):
    for _ in range(8):
        byte = (byte >> 1) ^ (CRC_POLYNOMIAL if byte & 1 else 0)
    return byte


CRC_TABLE = [_crc_of_byte(byte) for byte in range(256)]


def _raw_container(text_or_bytes):
    if isinstance(text_or_bytes, str):
        return _decode_base64(text_or_bytes)
    container = bytes(text_or_bytes)
    return container if container.startswith(PUBLIC_TAG) else _decode_base64(container)


def _decode_base64(text):
    try:
        return base64.b64decode(text.strip(), validate=True)
    except binascii.Error as error:
        raise ValueError("not base64") from error


def _is_encoded_point(point):
    """The two forms that keys are stored in; the library would take hybrid ones as well."""
    if len(point) == COMPRESSED_LENGTH:
        return point[0] in (2, 3)
    return len(point) == UNCOMPRESSED_LENGTH and point[0] == 4
