/**
 * Protects one value for the holder of a storage key (`docs/formats/acrastruct.md` §2). Works where
 * there is a Web Crypto random source: browsers, workers, Node, Deno, Bun.
 */

import { sealAcraStruct } from "../acrastruct/mod.ts";
import { FormatError } from "../bytes/mod.ts";
import { decodePublicKey, type PublicKey } from "../themis/mod.ts";
import { WriterError } from "./writer_error.ts";

/**
 * Makes an AcraStruct: 189 bytes longer than `data`, different at every call, readable only with the
 * private key that belongs to `publicKey`.
 *
 * @param data What to protect, at least one byte; a string is taken as UTF-8.
 * @param publicKey The content of `CLIENT_storage.pub`: 45 bytes.
 * @param context Bytes that must be given again when the struct is opened; `undefined`, `null` and
 *   empty are the same: none.
 * @throws {WriterError} with code `EMPTY_DATA` or `WRONG_PUBLIC_KEY`.
 * @throws {TypeError} when `data` or `context` is neither text nor bytes.
 * @example
 * ```ts
 * const acraStruct = createAcrastruct("4929 1273 4096 1111", storagePublicKey);
 * await sql`INSERT INTO cards (number) VALUES (${acraStruct})`;
 * ```
 */
export function createAcrastruct(
  data: Uint8Array | string,
  publicKey: Uint8Array,
  context?: Uint8Array | string | null,
): Uint8Array {
  const plaintext = toBytes(data, "data");
  if (plaintext.length === 0) {
    throw new WriterError("EMPTY_DATA");
  }
  const recipient = readPublicKey(publicKey);
  return sealAcraStruct(plaintext, recipient, toBytes(context ?? "", "context"));
}

function readPublicKey(publicKey: Uint8Array): PublicKey {
  if (!isBytes(publicKey)) {
    throw new WriterError("WRONG_PUBLIC_KEY");
  }
  try {
    return decodePublicKey(publicKey);
  } catch (cause) {
    if (cause instanceof FormatError) {
      throw new WriterError("WRONG_PUBLIC_KEY", { cause });
    }
    throw cause;
  }
}

function toBytes(value: Uint8Array | string, name: string): Uint8Array {
  if (typeof value === "string") {
    return new TextEncoder().encode(value);
  }
  if (!isBytes(value)) {
    throw new TypeError(`${name} must be a string or a Uint8Array`);
  }
  return value;
}

/** Not `instanceof`: bytes made in another frame or test realm have another `Uint8Array`. */
function isBytes(value: unknown): value is Uint8Array {
  return Object.prototype.toString.call(value) === "[object Uint8Array]";
}
