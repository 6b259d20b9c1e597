/** The layout of an AcraStruct, and the checks of it that need no cryptography: acra-formats.md §1.1. */

import { ByteReader } from "../bytes/mod.ts";

// Specification.
const TAG_BYTE = 0x22;
const TAG_LENGTH = 8;
const PUBLIC_KEY_LENGTH = 45;
const WRAPPED_KEY_LENGTH = 84;
const PUBLIC_KEY_OFFSET = TAG_LENGTH;
const WRAPPED_KEY_OFFSET = PUBLIC_KEY_OFFSET + PUBLIC_KEY_LENGTH;
const DATA_LENGTH_OFFSET = WRAPPED_KEY_OFFSET + WRAPPED_KEY_LENGTH;

/** What an AcraStruct begins with: eight double quotes. */
export const ACRASTRUCT_TAG: Uint8Array = new Uint8Array(TAG_LENGTH).fill(TAG_BYTE);

/** Bytes before the sealed data: tag, throwaway public key, wrapped data key, data length. */
export const ACRASTRUCT_HEADER_LENGTH = 145;

/** Length of the AcraStruct of a single byte, the shortest that can exist. */
export const ACRASTRUCT_MINIMUM_LENGTH = 190;

/** Start of every key container that fits: `UEC2` and its size, 45, big-endian. */
const PUBLIC_KEY_START = Uint8Array.of(0x55, 0x45, 0x43, 0x32, 0, 0, 0, PUBLIC_KEY_LENGTH);
/** Start of every wrapped key: encrypted Secure Message and its length, 84, little-endian. */
const WRAPPED_KEY_START = Uint8Array.of(0x20, 0x27, 0x04, 0x26, WRAPPED_KEY_LENGTH, 0, 0, 0);

/** The offset of the next tag at or behind `from`, or −1. In a longer run of quotes: its start. */
export function findAcraStructTag(bytes: Uint8Array, from: number): number {
  let start = from;
  while (start + TAG_LENGTH <= bytes.length) {
    // Backwards from where the tag would end: one look skips eight bytes of anything else.
    let probe = start + TAG_LENGTH - 1;
    while (probe >= start && bytes[probe] === TAG_BYTE) {
      probe--;
    }
    if (probe < start) {
      return start;
    }
    start = probe + 1;
  }
  return -1;
}

/** Whether the tag stands at an offset. */
export function hasTag(bytes: Uint8Array, offset: number): boolean {
  return startsWith(bytes, offset, ACRASTRUCT_TAG);
}

/**
 * Whether the bytes at an offset can be an AcraStruct: a whole header is there, and all of it that is
 * the same in every AcraStruct is as it must be. Changes no outcome, saves the costly attempt.
 */
export function looksLikeAcraStruct(bytes: Uint8Array, offset: number): boolean {
  return (
    bytes.length - offset >= ACRASTRUCT_HEADER_LENGTH &&
    hasTag(bytes, offset) &&
    startsWith(bytes, offset + PUBLIC_KEY_OFFSET, PUBLIC_KEY_START) &&
    startsWith(bytes, offset + WRAPPED_KEY_OFFSET, WRAPPED_KEY_START)
  );
}

/** A view of the throwaway public key's container. */
export function publicKeyAt(bytes: Uint8Array, offset: number): Uint8Array {
  return bytes.subarray(offset + PUBLIC_KEY_OFFSET, offset + WRAPPED_KEY_OFFSET);
}

/** A view of the Secure Message that holds the data key. */
export function wrappedKeyAt(bytes: Uint8Array, offset: number): Uint8Array {
  return bytes.subarray(offset + WRAPPED_KEY_OFFSET, offset + DATA_LENGTH_OFFSET);
}

/**
 * A view of the sealed data as long as the header says, or `null` when there are fewer bytes than
 * that. The length has 64 unsigned bits, of which the upper half is zero in whatever fits.
 */
export function sealedDataAt(bytes: Uint8Array, offset: number): Uint8Array | null {
  const reader = new ByteReader(bytes.subarray(offset + DATA_LENGTH_OFFSET), "AcraStruct");
  const length = reader.u32le();
  return reader.u32le() === 0 && length <= reader.remaining ? reader.bytes(length) : null;
}

function startsWith(bytes: Uint8Array, offset: number, start: Uint8Array): boolean {
  for (let index = 0; index < start.length; index++) {
    if (bytes[offset + index] !== start[index]) {
      return false;
    }
  }
  return true;
}
