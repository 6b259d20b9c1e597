/** The key that encrypts key files, and how it comes in: acra-formats.md §4.3. */

import { wipe } from "../crypto/mod.ts";
import { openCell, sealCell } from "../themis/mod.ts";
import { decodeBase64 } from "./base64.ts";
import { MasterKeyError } from "./errors.ts";

// Specification.
const VARIABLE = "ACRA_MASTER_KEY";
const MINIMUM_LENGTH = 32;

/** Instead of content, in everything that prints. */
const PRINTED = "[MasterKey]";

/**
 * An opaque master key: it seals and opens key files and shows itself to nobody; nothing that prints,
 * spreads or serialises objects finds its bytes.
 */
export class MasterKey {
  readonly #bytes: Uint8Array;

  /**
   * Takes a copy of at least 32 bytes, all of which are the key.
   * @throws MasterKeyError for fewer.
   */
  constructor(bytes: Uint8Array) {
    if (bytes.length < MINIMUM_LENGTH) {
      throw new MasterKeyError("master key must have 32 length in bytes");
    }
    this.#bytes = bytes.slice();
  }

  /** Encrypts the content of a private key file. */
  seal(plaintext: Uint8Array, context: Uint8Array): Uint8Array {
    return sealCell(this.#bytes, plaintext, context);
  }

  /**
   * Decrypts the content of a private key file; the caller wipes what it gets.
   * @throws FormatError or DecryptError, as `openCell`.
   */
  open(sealed: Uint8Array, context: Uint8Array): Uint8Array {
    return openCell(this.#bytes, sealed, context);
  }

  toString(): string {
    return PRINTED;
  }

  toJSON(): string {
    return PRINTED;
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return PRINTED;
  }
}

/**
 * The master key of the environment variable `ACRA_MASTER_KEY`.
 * @throws MasterKeyError when it is missing, not base64, or shorter than 32 bytes.
 */
export function readMasterKey(env: Readonly<Record<string, string | undefined>>): MasterKey {
  const text = env[VARIABLE] ?? "";
  if (text === "") {
    throw new MasterKeyError("master key is empty", { isMissing: true });
  }
  const { bytes, offset } = decodeBase64(text);
  if (bytes === null) {
    throw new MasterKeyError(`illegal base64 data at input byte ${offset}`);
  }
  try {
    return new MasterKey(bytes);
  } finally {
    wipe(bytes);
  }
}
