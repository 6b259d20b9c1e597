/** The key derivation. */

import { expect, test } from "bun:test";
import { forEachVector, hex, list, nullable, number, text } from "../../test/vectors/vectors.ts";
import { kdf } from "./kdf.ts";

const FIELDS = {
  key: nullable(hex),
  label: text,
  contexts: list(hex),
  length: number,
  output: hex,
};

forEachVector("themis", "kdf", FIELDS, ({ key, label, contexts, length, output }) => {
  expect(kdf(key, label, contexts, length)).toEqual(output);
});

test("kdf refuses an empty key and lengths other than 1 … 32", () => {
  expect(() => kdf(new Uint8Array(), "label", [], 32)).toThrow(RangeError);
  for (const length of [0, 33, 1.5, -1]) {
    expect(() => kdf(Uint8Array.of(1), "label", [], length)).toThrow(RangeError);
  }
});
