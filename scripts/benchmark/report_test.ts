/** Ratios are made of what was measured in the same round. */

import { expect, test } from "bun:test";
import {
  formatMarkdown,
  formatTable,
  lineRows,
  type Sample,
  summarise,
  type TargetShape,
  type WorkloadShape,
} from "./report.ts";
import type { TargetName } from "./targets.ts";

const TARGETS: readonly TargetShape[] = [
  { name: "direct", opens: "nothing" },
  { name: "relay", opens: "nothing" },
  { name: "acra", opens: "client" },
];
const SEALED: WorkloadShape = { name: "scan", rowsPerTransaction: 10, openedPerTransaction: 5 };
const PLAIN: WorkloadShape = { name: "scan", rowsPerTransaction: 10, openedPerTransaction: 0 };

function sample(target: TargetName, round: number, cpu: number, ecdh = 50): Sample {
  const transactionsPerSecond = target === "direct" ? 1000 : 500;
  return { target, workload: "scan", round, transactionsPerSecond, cpuPerTransaction: cpu, ecdh };
}

/** The machine is twice as slow in round 1, and in round 2 the relay was not measured. */
const SAMPLES = [
  ...[sample("direct", 0, 0), sample("relay", 0, 20), sample("acra", 0, 500, 50)],
  ...[sample("direct", 1, 0), sample("relay", 1, 40), sample("acra", 1, 1200, 100)],
  ...[sample("acra", 2, 700, 70)],
];

function lineOf(target: TargetName, workload = SEALED) {
  const line = summarise(SAMPLES, [workload], TARGETS).find((one) => one.target === target);
  if (line === undefined) {
    throw new Error(`no line for ${target}`);
  }
  return line;
}

test("a ratio to the relay is made round by round, of rounds that have both", () => {
  expect(lineOf("acra").cpuOfRelay).toEqual({ median: 27.5, min: 25, max: 30 });
  expect(lineOf("relay").cpuOfRelay).toEqual({ median: 1, min: 1, max: 1 });
});

test("a ratio to one ECDH is made of AcraStructs, not of rows", () => {
  expect(lineOf("acra").cpuOfEcdh).toEqual({ median: 2, min: 2, max: 2.4 });
  expect(lineOf("acra", PLAIN).cpuOfEcdh).toBeNull();
  expect(lineOf("relay").cpuOfEcdh).toBeNull();
});

test("the direct way has no CPU between, and is what throughput is compared with", () => {
  expect(lineOf("direct")).toMatchObject({ cpuOfRelay: null, cpuPerTransaction: null });
  expect(lineOf("acra").throughputOfDirect?.median).toBe(0.5);
  expect(lineOf("acra").cpuPerRow?.median).toBe(70);
});

test("what was not measured has no line, and no ratio to it", () => {
  const lines = summarise([sample("acra", 0, 500)], [SEALED], TARGETS);
  expect(lines.map(({ target }) => target)).toEqual(["acra"]);
  expect(lines[0]).toMatchObject({ cpuOfRelay: null, throughputOfDirect: null });
});

test("tables put ratios before absolute figures", () => {
  const [heading = []] = lineRows([lineOf("acra")]);
  expect(heading.indexOf("CPU / relay")).toBeLessThan(heading.indexOf("CPU µs per transaction"));
});

test("formatTable lays columns out, and formatMarkdown makes a table of Markdown", () => {
  const rows = [
    ["of", "number"],
    ["relay", "7"],
  ];
  expect(formatTable(rows, 1)).toBe("of     number\nrelay       7");
  expect(formatMarkdown(rows, 1)).toBe("| of | number |\n| --- | ---: |\n| relay | 7 |");
});
