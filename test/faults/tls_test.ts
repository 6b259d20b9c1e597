/** The faults of TLS, in every leg: a seeded selection unless `ACRA_FAULTS` is `all`. */

import { afterAll, beforeAll, expect, test } from "bun:test";
import { PARTS } from "./case.ts";
import { FaultRig } from "./fault_rig.ts";
import { ALL, selectCases } from "./selection.ts";
import { tlsCases } from "./tls_cases.ts";

const SELECTED = 8;
let rig: FaultRig;
const injected = new Map<string, number>();

beforeAll(async () => {
  rig = await FaultRig.start({ tls: true });
}, 60_000);

afterAll(async () => {
  const counts = [...injected].map(([part, count]) => `${part} ${count}`).join(", ");
  console.log(`TLS connections cut (${ALL ? "all places" : "a selection"}): ${counts}`);
  console.log(`${rig.ledger.acknowledged} rows acknowledged and found again`);
  for (const line of rig.describeMemory()) {
    console.log(line);
  }
  await rig.stop();
});

const cases = tlsCases();
for (const part of PARTS) {
  const chosen = selectCases(
    cases.filter((candidate) => candidate.part === part),
    SELECTED,
  );
  test(`TLS of the ${part} is cut, and nothing is lost, leaked, mixed up or left behind`, async () => {
    const wrong: string[] = [];
    for (const { name, run } of chosen) {
      wrong.push(...(await run(rig)).map((text) => `${name}: ${text}`));
      injected.set(part, (injected.get(part) ?? 0) + 1);
    }
    expect(wrong).toEqual([]);
  }, 600_000);
}

test("a tour and a large result over TLS in every leg are whole", async () => {
  for (const path of ["raw", "connector"] as const) {
    expect(await rig.tour(path, { complete: true })).toEqual([]);
    expect(await rig.readMuch(path, { complete: true })).toEqual([]);
  }
  expect(await rig.settle()).toEqual([]);
}, 120_000);
