/** Zone ids: acra-formats.md §2.1. */

import { randomBytes } from "../crypto/mod.ts";

// Specification.
/** Characters, and bytes, of a zone id. */
export const ZONE_ID_LENGTH = 24;
/** What every zone id begins with: eight letters `D`. */
export const ZONE_TAG: Uint8Array = new Uint8Array(8).fill(0x44);
const LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
// New ids end in letters only; those that others made may hold what any id of a key may.
const ZONE_ID = /^D{8}[a-zA-Z0-9_\- ]{16}$/;

const BYTE_VALUES = 256;
const TAG_TEXT = "D".repeat(ZONE_TAG.length);

/** A new id: the tag and 16 letters, each of the 52 as likely as the others. */
export function generateZoneId(): string {
  let letters = "";
  while (letters.length < ZONE_ID_LENGTH - ZONE_TAG.length) {
    letters += drawLetter();
  }
  return TAG_TEXT + letters;
}

/** Whether a text has the form of a zone id; whether there is such a zone, only a keystore knows. */
export function isZoneId(text: string): boolean {
  return ZONE_ID.test(text);
}

/** The bytes that would begin the alphabet once more, and not end it, are drawn again. */
function drawLetter(): string {
  const limit = BYTE_VALUES - (BYTE_VALUES % LETTERS.length);
  for (;;) {
    const [byte = limit] = randomBytes(1);
    if (byte < limit) {
      return LETTERS.charAt(byte % LETTERS.length);
    }
  }
}
