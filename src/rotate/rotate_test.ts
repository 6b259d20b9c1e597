/** The map that comes in, the report that goes out, and the rotation that the original made. */

import { expect, test } from "bun:test";
import { base64, readVector, text } from "../../test/vectors/vectors.ts";
import { openAcraStruct } from "../acrastruct/mod.ts";
import { decodePrivateKey, decodePublicKey } from "../themis/mod.ts";
import { formatReport, parseFileMap } from "./mod.ts";

const vector = readVector("acra", "rotate", {
  zone_id: text,
  old_private_key_b64: base64,
  old_acrastruct_b64: base64,
  stdout: text,
  new_public_key_b64: base64,
  new_private_key_b64: base64,
  new_acrastruct_b64: base64,
  plaintext_utf8: text,
});
const publicKey = decodePublicKey(vector.new_public_key_b64);

test("the report is the original's", () => {
  const { zone_id: zoneId } = vector;
  expect(formatReport([{ zoneId, publicKey, paths: ["file.acrastruct"] }])).toBe(vector.stdout);
  expect(formatReport([])).toBe("{}\n");
  expect(formatReport([{ zoneId, publicKey, paths: [] }])).toContain('"file_paths":null}');
});

test("paths are written as the original's encoder writes them", () => {
  const paths = ['a<b>&"\\\u2028й'];
  expect(formatReport([{ zoneId: "zone", publicKey, paths }])).toContain(
    '["a\\u003cb\\u003e\\u0026\\"\\\\\\u2028й"]',
  );
});

test("both files of the original open with their keys and the zone id", () => {
  const context = new TextEncoder().encode(vector.zone_id);
  for (const [key, sealed] of [
    [vector.old_private_key_b64, vector.old_acrastruct_b64],
    [vector.new_private_key_b64, vector.new_acrastruct_b64],
  ] as const) {
    const plaintext = openAcraStruct(sealed, decodePrivateKey(key), context);
    expect(new TextDecoder().decode(plaintext)).toBe(vector.plaintext_utf8);
  }
});

test("a map names one file or several for each zone; zones come in byte order", () => {
  const map = parseFileMap('{"b": ["x", "y"], "a": "z", "C": []}');
  expect([...map]).toEqual([
    ["C", []],
    ["a", ["z"]],
    ["b", ["x", "y"]],
  ]);
});

test("anything else is refused with the original's words", () => {
  for (const wrong of [
    "",
    "[]",
    "null",
    "1",
    '{"a": 1}',
    '{"a": [1]}',
    '{"a": null}',
    '{"a": {"b": "c"}}',
  ]) {
    expect(() => parseFileMap(wrong)).toThrow("config must have json format {");
  }
});
