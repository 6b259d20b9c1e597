/** Medians and spreads. */

import { expect, test } from "bun:test";
import { formatSpread, quantile, spreadOf } from "./spread.ts";

test("spreadOf takes the middle of an odd number of values, and between the two of an even one", () => {
  expect(spreadOf([30, 10, 20])).toEqual({ median: 20, min: 10, max: 30 });
  expect(spreadOf([4, 1, 3, 2])).toEqual({ median: 2.5, min: 1, max: 4 });
  expect(spreadOf([100, 9])).toEqual({ median: 54.5, min: 9, max: 100 });
});

test("spreadOf has nothing to say of no values", () => {
  expect(spreadOf([])).toBeNull();
});

test("quantile finds both ends and draws on between neighbours", () => {
  const sorted = [0, 10, 20, 30, 40];
  expect([0, 0.5, 1].map((share) => quantile(sorted, share))).toEqual([0, 20, 40]);
  expect(quantile(sorted, 0.99)).toBeCloseTo(39.6);
});

test("formatSpread shows the ends only when they differ", () => {
  expect(formatSpread({ median: 1.234, min: 1.1, max: 2 }, 2)).toBe("1.23 (1.10–2.00)");
  expect(formatSpread({ median: 1, min: 1, max: 1 }, 1)).toBe("1.0");
  expect(formatSpread(null, 1)).toBe("–");
});
