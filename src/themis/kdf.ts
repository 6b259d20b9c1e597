/** The key derivation of Soter: one HMAC over a label and contexts, themis.md §3. */

import { concatBytes } from "../bytes/mod.ts";
import { hmacSha256, wipe } from "../crypto/mod.ts";

// Specification.
const COUNTER = Uint8Array.of(0, 0, 0, 1);
const SEPARATOR = Uint8Array.of(0);
const MAXIMUM_LENGTH = 32;
const IMPLICIT_KEY_LENGTH = 32;

const LABELS = new Map<string, Uint8Array>();

const encoder = new TextEncoder();

/**
 * Derives `length` bytes (1 … 32) from a key, an ASCII label and contexts. Without a key (`null`)
 * one is made of label and contexts, which suits identifiers but no secrets.
 * @throws RangeError for an empty key or another length.
 */
export function kdf(
  key: Uint8Array | null,
  label: string,
  contexts: readonly Uint8Array[],
  length: number,
): Uint8Array {
  if (!Number.isInteger(length) || length < 1 || length > MAXIMUM_LENGTH) {
    throw new RangeError(`A derived key has 1 to ${MAXIMUM_LENGTH} bytes, not ${length}`);
  }
  if (key?.length === 0) {
    throw new RangeError("A key must not be empty");
  }
  const labelBytes = encodeLabel(label);
  const message = concatBytes(COUNTER, labelBytes, SEPARATOR, ...contexts);
  const derived = hmacSha256(key ?? implicitKey(labelBytes, contexts), message);
  if (length === MAXIMUM_LENGTH) {
    return derived;
  }
  const cut = derived.slice(0, length);
  wipe(derived);
  return cut;
}

/** The few labels there are, each encoded once. */
function encodeLabel(label: string): Uint8Array {
  let bytes = LABELS.get(label);
  if (bytes === undefined) {
    bytes = encoder.encode(label);
    LABELS.set(label, bytes);
  }
  return bytes;
}

function implicitKey(label: Uint8Array, contexts: readonly Uint8Array[]): Uint8Array {
  const key = new Uint8Array(IMPLICIT_KEY_LENGTH);
  key.set(label.subarray(0, IMPLICIT_KEY_LENGTH));
  for (const context of contexts) {
    for (const [index, byte] of context.subarray(0, IMPLICIT_KEY_LENGTH).entries()) {
      key[index] = (key[index] ?? 0) ^ byte;
    }
  }
  return key;
}
