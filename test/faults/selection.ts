/** Which cases a run injects: all, or a seeded selection. */

import { seededRandom } from "../harness/pg_peers.ts";
import type { Case } from "./case.ts";

/** Whether the whole matrix is wanted. */
export const ALL = process.env["ACRA_FAULTS"] === "all";
export const SEED = Number(process.env["ACRA_FAULTS_SEED"] ?? 1);

const random = seededRandom(SEED);

/** So many of the cases, chosen by the seed; all of them when all are wanted. */
export function selectCases(cases: readonly Case[], count: number): readonly Case[] {
  if (ALL) {
    return cases;
  }
  const left = [...cases];
  return Array.from({ length: Math.min(count, left.length) }, () =>
    left.splice(Math.floor(random() * left.length), 1),
  ).flat();
}
