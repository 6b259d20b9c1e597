/** Text forms of bytea. */

import { expect, test } from "bun:test";
import fc from "fast-check";
import { base64, forEachVector, information, utf8 } from "../../../test/vectors/vectors.ts";
import {
  decodeBareHex,
  decodeByteaEscape,
  decodeByteaHex,
  encodeByteaEscape,
  encodeByteaHex,
} from "./mod.ts";

const RUNS = process.env["SLOW"] ? 100_000 : 3_000;

function ascii(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

forEachVector(
  "acra",
  "pg_bytea_encodings",
  {
    raw_b64: base64,
    hex_utf8: utf8,
    escape_utf8: utf8,
    mysql_literal_utf8: information,
    rollback_hex_utf8: information,
    rollback_escape_utf8: information,
  },
  ({ raw_b64: raw, hex_utf8: hex, escape_utf8: escaped }) => {
    expect(encodeByteaHex(raw)).toEqual(hex);
    expect(decodeByteaHex(hex)).toEqual(raw);
    expect(decodeBareHex(hex.subarray(2))).toEqual(raw);
    expect(encodeByteaEscape(raw)).toEqual(escaped);
    expect(decodeByteaEscape(escaped)).toEqual(raw);
  },
);

test.each(["", "x00", "\\X00", "\\x0", "\\x0g", "\\x 00", "\\"])(
  "decodeByteaHex refuses %p",
  (text) => {
    expect(decodeByteaHex(ascii(text))).toBeNull();
  },
);

test.each(["", "0", "0g", "\\x00"])("decodeBareHex refuses %p", (text) => {
  expect(decodeBareHex(ascii(text))).toBeNull();
});

test.each([
  "\\",
  "a\\",
  "\\4",
  "\\00",
  "\\400",
  "\\08 ",
  "\\0 0",
  "\\x00",
  "a\nb",
  "\x7f",
  "\\00/",
])("decodeByteaEscape refuses %p", (text) => {
  expect(decodeByteaEscape(ascii(text))).toBeNull();
});

test("upper-case digits are understood, and lower-case ones are written", () => {
  expect(decodeByteaHex(ascii("\\xAbCd"))).toEqual(Uint8Array.of(0xab, 0xcd));
  expect(encodeByteaHex(Uint8Array.of(0xab, 0xcd))).toEqual(ascii("\\xabcd"));
});

test("every form gives back any bytes that were written in it", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      expect(decodeByteaHex(encodeByteaHex(bytes))).toEqual(bytes);
      expect(decodeByteaEscape(encodeByteaEscape(bytes))).toEqual(bytes);
    }),
    { numRuns: RUNS },
  );
});
