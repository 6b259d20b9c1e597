/**
 * Standard base64 by the rules that master keys have always been read by (acra-formats.md §4.3): padding
 * is needed, line breaks count for nothing, surplus bits of the last character are ignored. Decodes
 * without making strings of the secret.
 */

import { wipe } from "../crypto/mod.ts";

/** The bytes, or the offset in the text at which it stops being base64. */
export type Base64Result =
  | { readonly bytes: Uint8Array; readonly offset?: undefined }
  | { readonly bytes: null; readonly offset: number };

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const PADDING = "=";

/** Decodes a whole text. */
export function decodeBase64(text: string): Base64Result {
  const out = new Uint8Array(Math.ceil((text.length * 3) / 4));
  const group = new Uint8Array(4);
  let filled = 0;
  let length = 0;
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at);
    if (isLineBreak(character)) {
      continue;
    }
    if (character === PADDING && filled >= 2) {
      const wrongAt = checkPadding(text, at, filled);
      length += writeGroup(out, length, group.subarray(0, filled));
      return finish(out, length, wrongAt);
    }
    const value = ALPHABET.indexOf(character);
    if (value === -1) {
      return finish(out, length, at);
    }
    group[filled++] = value;
    if (filled === 4) {
      length += writeGroup(out, length, group);
      filled = 0;
    }
  }
  wipe(group);
  return finish(out, length, filled === 0 ? null : text.length - filled);
}

/** The decoded bytes, or where they went wrong. */
function finish(out: Uint8Array, length: number, wrongAt: number | null): Base64Result {
  if (wrongAt === null) {
    return { bytes: out.subarray(0, length) };
  }
  wipe(out);
  return { bytes: null, offset: wrongAt };
}

/** Two characters want `==` behind them, three want `=`; then nothing but line breaks. */
function checkPadding(text: string, paddingAt: number, filled: number): number | null {
  let at = skipLineBreaks(text, paddingAt + 1);
  if (filled === 2) {
    if (text.charAt(at) !== PADDING) {
      return at === text.length ? at : at - 1;
    }
    at = skipLineBreaks(text, at + 1);
  }
  return at < text.length ? at : null;
}

/** Two to four characters become one to three bytes; the group is wiped. */
function writeGroup(out: Uint8Array, at: number, group: Uint8Array): number {
  const [a = 0, b = 0, c = 0, d = 0] = group;
  const bits = (a << 18) | (b << 12) | (c << 6) | d;
  const length = group.length - 1;
  out.set(Uint8Array.of(bits >> 16, bits >> 8, bits).subarray(0, length), at);
  wipe(group);
  return length;
}

function skipLineBreaks(text: string, from: number): number {
  let at = from;
  while (at < text.length && isLineBreak(text.charAt(at))) {
    at++;
  }
  return at;
}

function isLineBreak(character: string): boolean {
  return character === "\n" || character === "\r";
}
