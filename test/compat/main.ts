/**
 * Runs the contract with every driver, prints the table, and ends with `N passed, N failed, N skipped`.
 *
 *   --drivers=psql,pgx   only these
 *   --cases=login,big    only these
 *   --write              writes the table into docs/compatibility.md
 */

import { parseArgs } from "node:util";
import { type Comparison, compareDriver } from "./compare.ts";
import { CONTRACT } from "./contract.ts";
import { DRIVERS } from "./drivers.ts";
import { renderTable, writeIntoPage } from "./table.ts";
import { startBench } from "./targets.ts";

const { values } = parseArgs({
  options: {
    drivers: { type: "string" },
    cases: { type: "string" },
    write: { type: "boolean", default: false },
  },
});

function chosen<T>(all: readonly T[], names: string | undefined, nameOf: (one: T) => string): T[] {
  const wanted = names?.split(",");
  return all.filter((one) => wanted?.includes(nameOf(one)) ?? true);
}

const cases = chosen(CONTRACT, values.cases, ({ id }) => id);
const comparisons: Comparison[] = [];
let skipped = 0;
const bench = await startBench();
try {
  for (const program of chosen(DRIVERS, values.drivers, ({ name }) => name)) {
    const missing = program.missing();
    if (missing !== null) {
      console.log(`skip: the contract with ${program.name}: ${missing}`);
      skipped++;
      continue;
    }
    const started = performance.now();
    const comparison = await compareDriver(bench, program, cases, [bench.plain, bench.tls]);
    comparisons.push(comparison);
    report(comparison, performance.now() - started);
  }
} finally {
  await bench.stop();
}

function report({ driver, version, outcomes }: Comparison, milliseconds: number): void {
  const kinds = [...outcomes.values()].map(({ kind }) => kind);
  const count = (kind: string) => kinds.filter((one) => one === kind).length;
  console.log(
    `${driver} ${version}: ${count("equal")} equal, ${count("different")} different, ` +
      `${count("cannot")} that it cannot express, in ${(milliseconds / 1000).toFixed(1)} s`,
  );
  for (const [id, outcome] of outcomes) {
    if (outcome.kind === "different") {
      console.log(`  DIFFERENT ${id}: ${outcome.explanation}`);
    }
  }
}

const table = renderTable(cases, comparisons);
console.log(`\n${table}\n`);
const all = comparisons.flatMap(({ outcomes }) => [...outcomes.values()]);
const passed = all.filter(({ kind }) => kind === "equal").length;
const failed = all.filter(({ kind }) => kind === "different").length;
if (values.write) {
  await writeIntoPage(table);
}
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
