/** What both providers know about P-256 before any arithmetic: the form of a point, the range of a scalar. */

// Specification (themis.md §0, §2.3).
const SCALAR_LENGTH = 32;
const COMPRESSED_LENGTH = 33;
const UNCOMPRESSED_LENGTH = 65;
const UNCOMPRESSED_PREFIX = 0x04;
/** The order n of the curve's group. */
const ORDER = new Uint8Array([
  0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
  0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
]);

/** Whether these are 32 bytes of a number in 1 … n−1; takes the same time for every number. */
export function isScalar(bytes: Uint8Array): boolean {
  if (bytes.length !== SCALAR_LENGTH) {
    return false;
  }
  let borrow = 0;
  let anyBit = 0;
  for (let index = SCALAR_LENGTH - 1; index >= 0; index--) {
    const byte = bytes[index] ?? 0;
    anyBit |= byte;
    borrow = ((byte - (ORDER[index] ?? 0) - borrow) >> 8) & 1;
  }
  return borrow === 1 && anyBit !== 0;
}

/** A scalar uniform in 1 … n−1 from a source of random bytes: draws again what lies outside. */
export function drawScalar(random: (length: number) => Uint8Array): Uint8Array {
  for (;;) {
    const scalar = random(SCALAR_LENGTH);
    if (isScalar(scalar)) {
      return scalar;
    }
  }
}

/**
 * Whether length and first byte are those of a compressed or an uncompressed point. Hybrid points
 * and the point at infinity end here, because some libraries behind the providers take them.
 */
export function hasPointForm(bytes: Uint8Array): boolean {
  const prefix = bytes[0];
  return bytes.length === COMPRESSED_LENGTH
    ? prefix === 0x02 || prefix === 0x03
    : bytes.length === UNCOMPRESSED_LENGTH && prefix === UNCOMPRESSED_PREFIX;
}

/** The 33-byte form, in memory of its own, of a point that {@link hasPointForm} let through. */
export function compressPoint(point: Uint8Array): Uint8Array {
  const compressed = point.slice(0, COMPRESSED_LENGTH);
  if (point.length === UNCOMPRESSED_LENGTH) {
    compressed[0] = 0x02 | ((point[UNCOMPRESSED_LENGTH - 1] ?? 0) & 1);
  }
  return compressed;
}
