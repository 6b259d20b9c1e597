/** The line through samples. */

import { expect, test } from "bun:test";
import { slopeOf } from "./slope.ts";

test("slopeOf answers the slope of a line, whatever noise lies evenly around it", () => {
  const points = Array.from({ length: 100 }, (_, x) => ({ x, y: 3 * x + 7 + (x % 2) }));
  expect(slopeOf(points)).toBeCloseTo(3, 2);
});

test("slopeOf answers 0 for what does not grow and for too few points", () => {
  expect(slopeOf(Array.from({ length: 10 }, (_, x) => ({ x, y: 5 })))).toBe(0);
  expect(slopeOf([{ x: 1, y: 1 }])).toBe(0);
  expect(slopeOf([])).toBe(0);
});
