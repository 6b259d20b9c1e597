/** Making and recognising poison records: acra-formats.md §3. */

import { sealAcraStruct, unwrapDataKey } from "../acrastruct/mod.ts";
import { randomBytes, wipe } from "../crypto/mod.ts";
import type { PrivateKey, PublicKey } from "../themis/mod.ts";

/** Longest payload when no length is asked for; the shortest is 1. */
const MAXIMUM_RANDOM_LENGTH = 99;

/**
 * Whether a poison record stands at an offset: its key block unwraps with the poison key. The body
 * is not needed, so a cut or damaged record still counts.
 */
export function isPoisonRecord(bytes: Uint8Array, offset: number, poisonKey: PrivateKey): boolean {
  const dataKey = unwrapDataKey(bytes, offset, poisonKey);
  wipe(dataKey);
  return dataKey !== null;
}

/**
 * A new record for the poison public key with random payload: of `payloadLength` bytes, or of
 * 1 to 99 when that is not given. Only the poison private key tells it from an AcraStruct.
 * @throws RangeError when the length is not a whole number of 1 or more.
 */
export function sealPoisonRecord(
  recipient: PublicKey,
  payloadLength: number = drawLength(),
): Uint8Array {
  if (!Number.isInteger(payloadLength) || payloadLength < 1) {
    throw new RangeError(`A poison record needs 1 byte of payload or more, not ${payloadLength}`);
  }
  return sealAcraStruct(randomBytes(payloadLength), recipient);
}

/** Uniform in 1 … 99: bytes from the last, incomplete hundred would favour the small numbers. */
function drawLength(): number {
  const limit = 256 - (256 % MAXIMUM_RANDOM_LENGTH);
  for (;;) {
    const [byte = limit] = randomBytes(1);
    if (byte < limit) {
      return 1 + (byte % MAXIMUM_RANDOM_LENGTH);
    }
  }
}
