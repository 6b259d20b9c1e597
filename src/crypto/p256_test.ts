/** The checks before any arithmetic, which hold whatever library a provider stands on. */

import { expect, test } from "bun:test";
import { drawScalar, hasPointForm, isScalar } from "./p256.ts";

test("hasPointForm knows two forms by length and first byte", () => {
  const formOf = (length: number, prefix: number) =>
    hasPointForm(new Uint8Array(length).with(0, prefix));
  const good: string[] = [];
  for (const length of [1, 32, 33, 34, 64, 65, 66]) {
    for (let prefix = 0; prefix < 256; prefix++) {
      if (formOf(length, prefix)) {
        good.push(`${length} ${prefix}`);
      }
    }
  }
  expect(good).toEqual(["33 2", "33 3", "65 4"]);
  expect(hasPointForm(new Uint8Array())).toBe(false);
});

test("drawScalar draws again what is not a scalar", () => {
  const answers = [new Uint8Array(32), new Uint8Array(32).fill(0xff), new Uint8Array(32).fill(1)];
  const asked: number[] = [];
  const scalar = drawScalar((length) => {
    asked.push(length);
    return answers.shift() ?? new Uint8Array();
  });
  expect(scalar).toEqual(new Uint8Array(32).fill(1));
  expect(asked).toEqual([32, 32, 32]);
  expect(isScalar(scalar)).toBe(true);
});
