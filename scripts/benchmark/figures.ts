/** Numbers that are no load of queries: how they are named, and what measures them. */

import type { Spread } from "./spread.ts";
import type { Rig, Target } from "./targets.ts";

/** A time, a size, a ratio of its own. */
export interface Figure {
  readonly name: string;
  readonly subject: string;
  readonly unit: string;
  readonly digits: number;
  readonly value: Spread;
}

/** What the probes have to know of the plan. */
export interface ProbePlan {
  readonly seconds: number;
  readonly rounds: number;
  readonly quick: boolean;
}

/** One measurement of a kind of its own; a text is the reason why it is not made. */
export interface Probe {
  readonly name: string;
  run(rig: Rig, targets: readonly Target[], plan: ProbePlan): Promise<Figure[] | string>;
}

/** Names under which the promises find their figures. */
export const FIGURES = {
  connection: "new connection, login and close, CPU",
  idleMemory: "resident, idle",
  sessionMemory: "resident, per idle session",
  memorySlope: "resident, growth while rows pass",
  start: "start to first accepted connection",
  fairness50: "point query, p50",
  fairness99: "point query, p99",
  fairnessMax: "point query, longest",
  scaling: "throughput of AcraStructs, two workers / one",
} as const;
