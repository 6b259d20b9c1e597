/**
 * The fault matrix: every part of the chain meets every fault, and nothing may be lost, leaked,
 * mixed up or left behind. A seeded selection unless `ACRA_FAULTS` is `all`; `ACRA_FAULTS_SEED`
 * chooses another one.
 */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { FAULTS, PARTS } from "./case.ts";
import { FaultRig } from "./fault_rig.ts";
import { allCases } from "./matrix.ts";
import { ALL, SEED, selectCases } from "./selection.ts";

/** Of each cell of the matrix; the cuts, being many and quick, are more. */
const SELECTED = 1;
const SELECTED_CUTS = 12;

let rig: FaultRig;
const injected = new Map<string, number>();

beforeAll(async () => {
  rig = await FaultRig.start();
}, 60_000);

afterAll(async () => {
  report();
  await rig.stop();
});

function report(): void {
  const selection = ALL ? "the whole matrix" : `a selection, seed ${SEED}`;
  console.log(`faults injected (${selection}):`);
  console.log(["".padEnd(11), ...FAULTS.map((fault) => fault.padStart(12))].join(""));
  for (const part of PARTS) {
    const counts = FAULTS.map((fault) =>
      String(injected.get(`${part} ${fault}`) ?? 0).padStart(12),
    );
    console.log([part.padEnd(11), ...counts].join(""));
  }
  const total = [...injected.values()].reduce((sum, count) => sum + count, 0);
  console.log(`${total} faults, ${rig.ledger.acknowledged} rows acknowledged and found again`);
  for (const line of rig.describeMemory()) {
    console.log(line);
  }
}

const cases = allCases();
for (const part of PARTS) {
  describe(`the ${part}`, () => {
    for (const fault of FAULTS) {
      const own = cases.filter((candidate) => candidate.part === part && candidate.fault === fault);
      const chosen = selectCases(own, fault === "cut" ? SELECTED_CUTS : SELECTED);
      test(`meets the fault "${fault}", and nothing is lost, leaked, mixed up or left behind`, async () => {
        const wrong: string[] = [];
        for (const { name, run } of chosen) {
          const faults = await run(rig);
          wrong.push(...faults.map((text) => `${name}: ${text}`));
          const cell = `${part} ${fault}`;
          injected.set(cell, (injected.get(cell) ?? 0) + 1);
        }
        expect(wrong).toEqual([]);
      }, 600_000);
    }
  });
}
