/** What goes in and out as text: options, the page of results, the report of pgbench. */

import { expect, test } from "bun:test";
import { replaceResults } from "./markdown.ts";
import { readPlan } from "./options.ts";
import { readPgbench } from "./pgbench.ts";
import { WORKLOADS } from "./workloads.ts";

test("replaceResults replaces what stands between the marks, as often as one likes", () => {
  const page =
    "# Title\n<!-- results: written by scripts/bench -->\nold\n<!-- end of results -->\nEnd\n";
  const once = replaceResults(page, "new");
  expect(once).toBe(
    "# Title\n<!-- results: written by scripts/bench -->\n\nnew\n\n<!-- end of results -->\nEnd\n",
  );
  expect(replaceResults(replaceResults(page, "other"), "new")).toBe(once);
});

test("replaceResults refuses a page without marks", () => {
  expect(() => replaceResults("# Title\n", "new")).toThrow("has no lines");
});

test("readPlan measures everything unless told otherwise", () => {
  const plan = readPlan([]);
  expect(plan?.workloads).toEqual([...WORKLOADS]);
  expect(plan?.probes).toContain("fairness");
});

test("readPlan narrows targets, workloads and probes", () => {
  const plan = readPlan([
    ...["--targets", "acra,relay", "--workloads", "AcraStruct 4 KiB", "--probes", ""],
    ...["--rounds", "9", "--quick"],
  ]);
  expect(plan).toMatchObject({ targets: ["relay", "acra"], probes: [], rounds: 9, quick: true });
  expect(plan?.workloads.map(({ name }) => name)).toEqual(["100 rows, AcraStruct 4 KiB"]);
});

test("readPlan takes the workload of that very name, though others contain it", () => {
  const name = "100 rows, AcraStruct 64 B";
  expect(readPlan(["--workloads", name]).workloads.map((one) => one.name)).toEqual([name]);
  expect(readPlan(["--workloads", `${name},`]).workloads.length).toBeGreaterThan(1);
  expect(readPlan(["--workloads", "-"]).workloads).toEqual([]);
});

test("readPlan refuses what it does not know", () => {
  expect(() => readPlan(["--targets", "acra,nginx"])).toThrow("no target is named nginx");
  expect(() => readPlan(["--seconds", "0"])).toThrow("--seconds wants a number above 0");
  expect(() => readPlan(["--fast"])).toThrow("--fast");
});

test("readPgbench takes transactions and rate out of a report", () => {
  const report =
    "transaction type: <builtin: select only>\n" +
    "number of transactions actually processed: 2000/2000\n" +
    "latency average = 0.5 ms\ntps = 4000.000000 (without initial connection time)\n";
  expect(readPgbench(report)).toEqual({ transactions: 2000, rows: 2000, seconds: 0.5 });
  expect(() => readPgbench("")).toThrow("no transactions");
});
