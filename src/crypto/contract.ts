/**
 * What a provider of primitives must offer. Two modules do, `portable/` (@noble, runs anywhere) and
 * `native/` (node:crypto); the import condition behind `#primitives` chooses between them, and both
 * pass the same vectors. See `themis.md` §10 for the traps of each.
 */

/** An AES-256-GCM ciphertext and its 16-byte tag, apart because the formats place them differently. */
export interface GcmSealed {
  readonly ciphertext: Uint8Array;
  readonly tag: Uint8Array;
}

/** A P-256 private key prepared once, ready for many uses. */
export interface PrivateScalar {
  /** The public point, compressed: 33 bytes. */
  readonly point: Uint8Array;
  /** ECDH: the x coordinate, 32 bytes with leading zeros. The peer's point must be a checked one. */
  agree(peer: PublicPoint): Uint8Array;
  /** ECDSA over SHA-256 of the message: a DER signature. */
  sign(message: Uint8Array): Uint8Array;
}

/** A P-256 public key that was checked to lie on the curve. */
export interface PublicPoint {
  /** The point, compressed: 33 bytes. */
  readonly point: Uint8Array;
  /** Whether `signature` is a strict DER ECDSA signature over SHA-256 of `message`; high s is valid. */
  verify(message: Uint8Array, signature: Uint8Array): boolean;
}

/** The primitives; the module behind `#primitives` exports exactly these functions. */
export interface Primitives {
  /** Bytes of the system's cryptographic random source. */
  randomBytes(length: number): Uint8Array;
  /** HMAC-SHA256: 32 bytes. */
  hmacSha256(key: Uint8Array, message: Uint8Array): Uint8Array;
  /** AES-GCM with a 16, 24 or 32-byte key, a 12-byte nonce and a 16-byte tag. */
  gcmSeal(key: Uint8Array, nonce: Uint8Array, plaintext: Uint8Array, aad: Uint8Array): GcmSealed;
  /** The plaintext, or `null` when the tag does not fit; nothing is released before that is known. */
  gcmOpen(
    key: Uint8Array,
    nonce: Uint8Array,
    ciphertext: Uint8Array,
    tag: Uint8Array,
    aad: Uint8Array,
  ): Uint8Array | null;
  /** A fresh private scalar, uniform in 1 … n−1: always 32 bytes. */
  generateScalar(): Uint8Array;
  /** A fresh private key that never was bytes: for those used once and thrown away. */
  generatePrivate(): PrivateScalar;
  /** Prepares a 32-byte scalar; `null` unless it is in 1 … n−1. */
  importScalar(scalar: Uint8Array): PrivateScalar | null;
  /** Checks a point, compressed (33 bytes) or uncompressed (65); `null` unless it is on the curve. */
  importPoint(point: Uint8Array): PublicPoint | null;
}
