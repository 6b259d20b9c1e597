/** All that is measured beside the loads, in the order in which it is done. */

import { measureConnections } from "./connections.ts";
import { measureFairness } from "./fairness.ts";
import type { Probe } from "./figures.ts";
import { measureMemory } from "./memory.ts";
import { measureSlope } from "./slope.ts";
import { measureStart } from "./start.ts";
import { measureWorkers } from "./workers.ts";

export const PROBES: readonly Probe[] = [
  { name: "connections", run: measureConnections },
  { name: "memory", run: measureMemory },
  { name: "slope", run: measureSlope },
  { name: "start", run: measureStart },
  { name: "fairness", run: measureFairness },
  { name: "workers", run: measureWorkers },
];
