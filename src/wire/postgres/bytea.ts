/**
 * Text forms of `bytea` values, as ASCII bytes: `\x` and hexadecimal digits, the digits alone, or
 * the older escape form (acra-formats.md §1.4).
 */

import { decodeHex, encodeHex } from "../../bytes/mod.ts";

// Specification.
const BACKSLASH = 0x5c;
const LETTER_X = 0x78;
const HEX_PREFIX = Uint8Array.of(BACKSLASH, LETTER_X);
const FIRST_PRINTABLE = 0x20;
const LAST_PRINTABLE = 0x7e;
const OCTAL_LENGTH = 4;
const DIGIT_0 = 0x30;

/** The bytes behind `\x` and digits, or `null` when the text is anything else. */
export function decodeByteaHex(text: Uint8Array): Uint8Array | null {
  const prefixed = text[0] === BACKSLASH && text[1] === LETTER_X;
  return prefixed ? decodeHex(text.subarray(HEX_PREFIX.length)) : null;
}

/** `\x` and two lower-case digits for each byte. */
export function encodeByteaHex(bytes: Uint8Array): Uint8Array {
  const text = encodeHex(bytes, HEX_PREFIX.length);
  text.set(HEX_PREFIX);
  return text;
}

/** The bytes behind digits alone, or `null` when the text is empty or anything else. */
export function decodeBareHex(text: Uint8Array): Uint8Array | null {
  return text.length === 0 ? null : decodeHex(text);
}

/**
 * The bytes behind the escape form, or `null` when the text is anything else: every byte must be
 * printable ASCII, and a backslash must begin `\\` or three octal digits up to 377.
 */
export function decodeByteaEscape(text: Uint8Array): Uint8Array | null {
  const bytes = new Uint8Array(text.length);
  let length = 0;
  let at = 0;
  while (at < text.length) {
    const symbol = text[at] ?? 0;
    if (symbol < FIRST_PRINTABLE || symbol > LAST_PRINTABLE) {
      return null;
    }
    if (symbol !== BACKSLASH) {
      bytes[length++] = symbol;
      at++;
    } else if (text[at + 1] === BACKSLASH) {
      bytes[length++] = BACKSLASH;
      at += 2;
    } else {
      const value = octalValue(text, at + 1);
      if (value === null) {
        return null;
      }
      bytes[length++] = value;
      at += OCTAL_LENGTH;
    }
  }
  return bytes.subarray(0, length);
}

/** Printable ASCII as it is, the backslash doubled, every other byte as `\ooo`. */
export function encodeByteaEscape(bytes: Uint8Array): Uint8Array {
  const text = new Uint8Array(bytes.length * OCTAL_LENGTH);
  let length = 0;
  for (const byte of bytes) {
    if (byte === BACKSLASH) {
      text[length++] = BACKSLASH;
      text[length++] = BACKSLASH;
    } else if (byte >= FIRST_PRINTABLE && byte <= LAST_PRINTABLE) {
      text[length++] = byte;
    } else {
      text[length++] = BACKSLASH;
      text[length++] = DIGIT_0 + (byte >> 6);
      text[length++] = DIGIT_0 + ((byte >> 3) & 7);
      text[length++] = DIGIT_0 + (byte & 7);
    }
  }
  return text.subarray(0, length);
}

function octalValue(text: Uint8Array, at: number): number | null {
  const high = octalDigit(text[at]);
  const middle = octalDigit(text[at + 1]);
  const low = octalDigit(text[at + 2]);
  if (high === null || high > 3 || middle === null || low === null) {
    return null;
  }
  return (high << 6) | (middle << 3) | low;
}

function octalDigit(symbol: number | undefined): number | null {
  return symbol !== undefined && symbol >= DIGIT_0 && symbol < DIGIT_0 + 8
    ? symbol - DIGIT_0
    : null;
}
