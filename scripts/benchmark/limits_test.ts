/** Promises are held to what the run measured, and to nothing else. */

import { expect, test } from "bun:test";
import { FIGURES, type Figure } from "./figures.ts";
import { judge, verdictRows } from "./limits.ts";
import type { Line } from "./report.ts";
import { NAMES } from "./workloads.ts";

const ECDH = 50;

function exactly(value: number) {
  return { median: value, min: value, max: value };
}

function line(workload: string, values: Partial<Line>): Line {
  return {
    workload,
    target: "acra",
    cpuOfRelay: null,
    cpuOfEcdh: null,
    cpuOfPgbouncer: null,
    throughputOfDirect: null,
    cpuPerTransaction: null,
    cpuPerRow: null,
    transactionsPerSecond: null,
    ...values,
  };
}

function figure(name: string, subject: string, value: number): Figure {
  return { name, subject, unit: "ms", digits: 1, value: exactly(value) };
}

/** Promise → whether it holds, of those that were measured. */
function held(lines: readonly Line[], figures: readonly Figure[] = []): Record<string, boolean> {
  return Object.fromEntries(
    judge(lines, figures, ECDH).flatMap(({ promise, holds }) =>
      holds === null ? [] : [[promise, holds]],
    ),
  );
}

test("a limit itself still holds, and anything above it does not", () => {
  expect(held([line(NAMES.point, { cpuOfRelay: exactly(1.3) })])).toEqual({
    [`${NAMES.point}, acra: CPU`]: true,
  });
  expect(held([line(NAMES.point, { cpuOfRelay: exactly(1.31) })])).toEqual({
    [`${NAMES.point}, acra: CPU`]: false,
  });
});

test("a row of 4 KiB may cost 1.3 ECDH of this run and 15 µs", () => {
  const promise = `${NAMES.scanPage}, acra: CPU per row`;
  expect(held([line(NAMES.scanPage, { cpuPerRow: exactly(80) })])).toEqual({ [promise]: true });
  expect(held([line(NAMES.scanPage, { cpuPerRow: exactly(80.1) })])).toEqual({ [promise]: false });
  const unknown = judge([line(NAMES.scanPage, { cpuPerRow: exactly(1) })], [], null);
  expect(unknown.every(({ holds }) => holds === null)).toBe(true);
});

test("two workers must be worth at least 1.8, everything else at most its limit", () => {
  const scaling = `${FIGURES.scaling}, acra`;
  expect(held([], [figure(FIGURES.scaling, "acra", 1.9)])).toEqual({ [scaling]: true });
  expect(held([], [figure(FIGURES.scaling, "acra", 1.7)])).toEqual({ [scaling]: false });
  const start = `${FIGURES.start}, acra server`;
  expect(held([], [figure(FIGURES.start, "acra server", 150)])).toEqual({ [start]: true });
  expect(held([], [figure(FIGURES.start, "acra server", 250)])).toEqual({ [start]: false });
});

test("the table says by how much a promise is missed, and what was not measured", () => {
  const rows = verdictRows(judge([line(NAMES.scan, { cpuOfRelay: exactly(1.56) })], [], ECDH));
  const verdicts = rows.slice(1).map(([, verdict]) => verdict);
  expect(verdicts[1]).toBe("missed by 20 %");
  expect(new Set(verdicts.toSpliced(1, 1))).toEqual(new Set(["not measured"]));
});
