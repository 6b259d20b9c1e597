/** Secure Cell. */

import { describe, expect, test } from "bun:test";
import {
  forEachVector,
  hex,
  information,
  nullable,
  optional,
  plaintext,
  readVector,
  text,
} from "../../test/vectors/vectors.ts";
import { concatBytes, FormatError } from "../bytes/mod.ts";
import { DecryptError } from "../crypto/mod.ts";
import { kdf } from "./kdf.ts";
import { hasCellForm, openCell, sealCell, sealCellWith } from "./secure_cell.ts";

const SEAL_FIELDS = {
  name: text,
  key: hex,
  context: nullable(hex),
  plaintext,
  iv: hex,
  derived_key: hex,
  sealed: hex,
  note: optional(text),
};

/** Cells longer than this are not flipped byte by byte. */
const FLIP_LIMIT = 120;

forEachVector("themis", "seal", SEAL_FIELDS, ({ key, context, sealed, ...cell }) => {
  const length = sealed.subarray(12, 16);
  const contexts = [length, context ?? new Uint8Array()];
  expect(kdf(key, "Themis secure cell message key", contexts, 32)).toEqual(cell.derived_key);
  expect(openCell(key, sealed, context)).toEqual(cell.plaintext);
  expect(sealCellWith(() => cell.iv, key, cell.plaintext, context)).toEqual(sealed);
  expect(hasCellForm(sealed)).toBe(true);
  const step = sealed.length <= FLIP_LIMIT ? 1 : Math.ceil(sealed.length / 4);
  for (let index = 0; index < sealed.length; index += step) {
    const flipped = sealed.with(index, (sealed[index] ?? 0) ^ (1 << (index % 8)));
    expectRefused(() => openCell(key, flipped, context));
  }
});

const OLD_FIELDS = {
  name: text,
  key: hex,
  context: nullable(hex),
  plaintext,
  sealed: hex,
  note: text,
  original: information,
};

forEachVector("themis", "seal_decrypt_only", OLD_FIELDS, (cell) => {
  expect(openCell(cell.key, cell.sealed, cell.context)).toEqual(cell.plaintext);
  const isOldForm = cell.name.startsWith("themis-0.9.6");
  const open = () => openCell(cell.key, cell.sealed, cell.context, { acceptOldForm: false });
  if (isOldForm) {
    expect(open).toThrow(DecryptError);
  } else {
    expect(open()).toEqual(cell.plaintext);
  }
});

const REJECT_FIELDS = {
  name: text,
  key: hex,
  context: nullable(hex),
  sealed: hex,
  reason: text,
  original: information,
  accepted_by: information,
};

forEachVector("themis", "seal_reject", REJECT_FIELDS, ({ key, context, sealed }) => {
  expectRefused(() => openCell(key, sealed, context));
});

forEachVector(
  "themis",
  "seal_lenient",
  { ...REJECT_FIELDS, plaintext },
  ({ key, context, sealed }) => {
    expect(() => openCell(key, sealed, context)).toThrow(FormatError);
  },
);

test("seal_reject starts from a cell that opens", () => {
  const fields = { key: hex, context: hex, plaintext, sealed: hex, note: text };
  const base = readVector("themis", "seal_reject_base", fields);
  expect(openCell(base.key, base.sealed, base.context)).toEqual(base.plaintext);
});

describe("Secure Cell", () => {
  const key = new Uint8Array(32).fill(7);
  const context = Uint8Array.of(1, 2);
  const message = new TextEncoder().encode("message");
  const sealed = sealCell(key, message, context);

  test("opens with the same key and context only", () => {
    expect(openCell(key, sealed, context)).toEqual(message);
    expect(() => openCell(key.with(0, 0), sealed, context)).toThrow(DecryptError);
    expect(() => openCell(key, sealed)).toThrow(DecryptError);
    expect(() => openCell(key, sealed, Uint8Array.of(1, 3))).toThrow(DecryptError);
  });

  test("takes an empty context for none", () => {
    expect(openCell(key, sealCell(key, message, new Uint8Array()))).toEqual(message);
    expect(openCell(key, sealCell(key, message), new Uint8Array())).toEqual(message);
  });

  test("draws a new initialisation vector each time", () => {
    expect(sealCell(key, message, context)).not.toEqual(sealed);
  });

  test("is not made of nothing or with an empty key", () => {
    expect(() => sealCell(key, new Uint8Array())).toThrow(RangeError);
    expect(() => sealCell(new Uint8Array(), message)).toThrow(RangeError);
    expect(() => openCell(new Uint8Array(), sealed)).toThrow(RangeError);
  });

  test("has one length: one byte less or more is malformed", () => {
    const longer = concatBytes(sealed, Uint8Array.of(0));
    for (const bytes of [sealed.subarray(0, -1), longer, sealed.subarray(0, 44)]) {
      expect(() => openCell(key, bytes, context)).toThrow(FormatError);
      expect(hasCellForm(bytes)).toBe(false);
    }
  });

  test("opens where it stands inside other bytes", () => {
    const around = concatBytes(Uint8Array.of(9), sealed, Uint8Array.of(9));
    expect(openCell(key, around.subarray(1, -1), context)).toEqual(message);
  });
});

function expectRefused(open: () => Uint8Array): void {
  let refusal: unknown = null;
  try {
    open();
  } catch (error) {
    refusal = error;
  }
  const known = [FormatError, DecryptError, RangeError].some((kind) => refusal instanceof kind);
  expect(known, `refused with ${String(refusal)}`).toBe(true);
}
