/** The helpers above the providers. */

import { expect, test } from "bun:test";
import { DecryptError, equalBytes, wipe } from "./mod.ts";

test("equalBytes compares content and length", () => {
  expect(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 2))).toBe(true);
  expect(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 3))).toBe(false);
  expect(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(0, 2))).toBe(false);
  expect(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1))).toBe(false);
  expect(equalBytes(new Uint8Array(), new Uint8Array())).toBe(true);
});

test("wipe overwrites every buffer and skips what is missing", () => {
  const first = Uint8Array.of(1, 2);
  const second = Uint8Array.of(3);
  wipe(first, null, undefined, second);
  expect([...first, ...second]).toEqual([0, 0, 0]);
});

test("DecryptError says the same whatever happened", () => {
  expect(new DecryptError().message).toBe(new DecryptError().message);
  expect(new DecryptError().cause).toBeUndefined();
});
