/** The order in which the forms of a cell are tried. */

import { expect, test } from "bun:test";
import { ACRASTRUCT_TAG } from "../../acrastruct/mod.ts";
import { RAW_FORM } from "../cell_form.ts";
import { formsOf, startsWithAnyTag, TAG_PREFIX_LENGTH } from "./cell_forms.ts";

const HEX_CELL = Buffer.from("\\x01020304");

function decodeFirst(cell: Uint8Array, format: number | null): Uint8Array | null {
  return formsOf(format, "hex")[0]?.decode(cell) ?? null;
}

test("a cell in binary format is what it is, one in text format or unknown is decoded", () => {
  expect(decodeFirst(HEX_CELL, 1)).toBe(HEX_CELL);
  expect(decodeFirst(HEX_CELL, 0)).toEqual(Uint8Array.of(1, 2, 3, 4));
  expect(decodeFirst(HEX_CELL, null)).toEqual(Uint8Array.of(1, 2, 3, 4));
});

test("every cell is of the raw form, so that something is left when nothing else fits", () => {
  for (const format of [0, 1, null]) {
    for (const preferred of ["hex", "escape"] as const) {
      expect(formsOf(format, preferred)).toContain(RAW_FORM);
    }
  }
});

test("the start of a cell tells whether it begins with a tag in any form", () => {
  const digits = "2".repeat(16);
  for (const cell of [ACRASTRUCT_TAG, Buffer.from(digits), Buffer.from(`\\x${digits}`)]) {
    expect(cell.length).toBeLessThanOrEqual(TAG_PREFIX_LENGTH);
    expect(startsWithAnyTag(cell)).toBe(true);
    expect(startsWithAnyTag(cell.subarray(0, -1))).toBe(false);
    expect(startsWithAnyTag(Buffer.concat([Buffer.from("a"), cell]))).toBe(false);
  }
});
