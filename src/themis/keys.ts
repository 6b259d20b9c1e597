/**
 * P-256 keys: their containers `UEC2` and `REC2`, and the prepared objects made from them
 * (themis.md §2.2 to §2.4).
 */

import { concatBytes, FormatError } from "../bytes/mod.ts";
import {
  generatePrivate,
  generateScalar,
  importPoint,
  importScalar,
  type PrivateScalar,
  type PublicPoint,
  wipe,
} from "../crypto/mod.ts";
import { decodeContainer, encodeContainer } from "./container.ts";

// Specification.
const PUBLIC_TAG = "UEC2";
const PRIVATE_TAG = "REC2";
const HEADER_LENGTH = 12;
const SCALAR_LENGTH = 32;
/** Stands before the scalar in the form that is written; the form without it is read as well. */
const SCALAR_PREFIX = Uint8Array.of(0);

declare const privateKeyBrand: unique symbol;
declare const publicKeyBrand: unique symbol;

/** A private key as its container of 45 bytes: a secret, to be wiped by who holds it. */
export type PrivateKeyBytes = Uint8Array & { readonly [privateKeyBrand]: true };

/** A public key as its container of 45 bytes. */
export type PublicKeyBytes = Uint8Array & { readonly [publicKeyBrand]: true };

/** A key pair as containers, the way key files hold it. */
export interface KeyPair {
  readonly privateKey: PrivateKeyBytes;
  readonly publicKey: PublicKeyBytes;
}

/** A public key prepared for use: its point is known to lie on the curve. */
export interface PublicKey {
  /** The 45-byte container, whatever form the key was read in. */
  readonly container: PublicKeyBytes;
  /** The checked point behind the key. */
  readonly point: PublicPoint;
  /** Whether this is a DER signature over SHA-256 of the message made with the private twin. */
  verify(message: Uint8Array, signature: Uint8Array): boolean;
}

/** A private key prepared once for many uses. */
export interface PrivateKey {
  /** The public twin. */
  readonly publicKey: PublicKey;
  /** ECDH: the secret shared with a peer, 32 bytes; the caller wipes it. */
  agree(peer: PublicKey): Uint8Array;
  /** A DER signature over SHA-256 of the message. */
  sign(message: Uint8Array): Uint8Array;
}

/** A new key pair. */
export function generateKeyPair(): KeyPair {
  const scalar = generateScalar();
  const payload = concatBytes(SCALAR_PREFIX, scalar);
  try {
    const { publicKey } = prepareScalar(scalar);
    return {
      privateKey: encodeContainer(PRIVATE_TAG, payload) as PrivateKeyBytes,
      publicKey: publicKey.container,
    };
  } finally {
    wipe(scalar, payload);
  }
}

/** A new private key, prepared, that never was a container: for keys used once and thrown away. */
export function generatePrivateKey(): PrivateKey {
  return new PreparedPrivateKey(generatePrivate());
}

/**
 * Reads a private key: 45 bytes, or 44 without the zero before the scalar.
 * @throws FormatError when the container or the scalar is not valid.
 */
export function decodePrivateKey(bytes: Uint8Array): PrivateKey {
  const { payload } = decodeContainer(bytes, PRIVATE_TAG);
  const prefixed = payload.length === SCALAR_LENGTH + 1 && payload[0] === SCALAR_PREFIX[0];
  return prepareScalar(prefixed ? payload.subarray(1) : payload);
}

/**
 * Reads a public key: 45 bytes, or 77 with an uncompressed point.
 * @throws FormatError when the container or the point is not valid.
 */
export function decodePublicKey(bytes: Uint8Array): PublicKey {
  const { payload } = decodeContainer(bytes, PUBLIC_TAG);
  const point = importPoint(payload);
  if (point === null) {
    throw new FormatError("public key", "not a point of the curve", HEADER_LENGTH);
  }
  return new PreparedPublicKey(point.point, point);
}

function prepareScalar(scalar: Uint8Array): PrivateKey {
  const imported = importScalar(scalar);
  if (imported === null) {
    throw new FormatError("private key", "not a scalar of the curve", HEADER_LENGTH);
  }
  return new PreparedPrivateKey(imported);
}

class PreparedPublicKey implements PublicKey {
  readonly #compressed: Uint8Array;
  #point: PublicPoint | null;
  #container: PublicKeyBytes | null = null;

  constructor(compressed: Uint8Array, point: PublicPoint | null) {
    this.#compressed = compressed;
    this.#point = point;
  }

  /** Made when first asked for: the key inside an AcraStruct never is. */
  get container(): PublicKeyBytes {
    this.#container ??= encodeContainer(PUBLIC_TAG, this.#compressed) as PublicKeyBytes;
    return this.#container;
  }

  /** Imported when first asked for: the public twin of a throwaway key never is. */
  get point(): PublicPoint {
    this.#point ??= importPoint(this.#compressed);
    if (this.#point === null) {
      throw new TypeError("The provider of primitives refuses a point that it made");
    }
    return this.#point;
  }

  verify(message: Uint8Array, signature: Uint8Array): boolean {
    return this.point.verify(message, signature);
  }
}

class PreparedPrivateKey implements PrivateKey {
  readonly publicKey: PublicKey;
  readonly #scalar: PrivateScalar;

  constructor(scalar: PrivateScalar) {
    this.#scalar = scalar;
    this.publicKey = new PreparedPublicKey(scalar.point, null);
  }

  agree(peer: PublicKey): Uint8Array {
    return this.#scalar.agree(peer.point);
  }

  sign(message: Uint8Array): Uint8Array {
    return this.#scalar.sign(message);
  }
}
