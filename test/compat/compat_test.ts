/**
 * The quick part of the contract: drivers that every run of the tests has, through connector and
 * server. `scripts/test --compat` runs all of it.
 */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { testUnless } from "../harness/skip.ts";
import { type Comparison, compareDriver } from "./compare.ts";
import { CONTRACT } from "./contract.ts";
import { QUICK_DRIVERS } from "./drivers.ts";
import { type Bench, startBench } from "./targets.ts";

/** These take longest. */
const LEFT_OUT = new Set(["big", "many_rows"]);
const CASES = CONTRACT.filter(({ id }) => !LEFT_OUT.has(id));
const LIMIT_MS = 120_000;

let bench: Bench;

beforeAll(async () => {
  bench = await startBench();
}, LIMIT_MS);

afterAll(async () => {
  await bench.stop();
});

function differences({ outcomes }: Comparison): string[] {
  return [...outcomes].flatMap(([id, outcome]) =>
    outcome.kind === "different" ? [`${id}: ${outcome.explanation}`] : [],
  );
}

test("the contract has 40 cases, each with an id of its own", () => {
  expect(new Set(CONTRACT.map(({ id }) => id)).size).toBe(40);
  expect(CONTRACT).toHaveLength(40);
});

describe("through acra, every answer is the same with", () => {
  for (const program of QUICK_DRIVERS) {
    testUnless(
      program.missing(),
      program.name,
      async () => {
        const { direct, throughAcra } = bench.plain;
        const comparand = { direct, throughAcra: throughAcra.slice(-1) };
        const comparison = await compareDriver(bench, program, CASES, [comparand]);
        expect(differences(comparison)).toEqual([]);
        expect(comparison.outcomes.size).toBe(CASES.length);
      },
      LIMIT_MS,
    );
  }
});

test("the comparison sees what acra is for: AcraStructs, read from the database itself, differ", async () => {
  const [program] = QUICK_DRIVERS.filter(({ name }) => name === "node-postgres");
  const cases = CASES.filter(({ id }) => ["login", "encrypted_text", "prepared"].includes(id));
  const { direct } = bench.plain;
  const comparand = { direct, throughAcra: [{ ...direct, template: "sealed" as const }] };
  const comparison = program && (await compareDriver(bench, program, cases, [comparand]));
  const kinds = [...(comparison?.outcomes ?? [])].map(([id, { kind }]) => `${id} ${kind}`);
  expect(kinds).toEqual(["login equal", "prepared different", "encrypted_text different"]);
});
