/** What a row of the matrix is, and how a fault is injected into a tour. */

import { named, type Place, postgresFormat, type Where } from "./cutters.ts";
import type { FaultRig } from "./fault_rig.ts";
import { type LegName, PATHS, type Path } from "./programs.ts";
import type { Direction, FaultPlan, FaultRelay, Link } from "./relay.ts";

export const PARTS = ["client", "connector", "server", "database"] as const;
export const FAULTS = [
  "kill",
  "hang",
  "half-close",
  "reset",
  "slow reader",
  "slow writer",
  "cut",
] as const;
export type Part = (typeof PARTS)[number];
export type Fault = (typeof FAULTS)[number];

/** One injected fault. */
export interface Case {
  readonly part: Part;
  readonly fault: Fault;
  readonly name: string;
  /** Injects it and answers everything that is wrong afterwards. */
  run(rig: FaultRig): Promise<string[]>;
}

/** Where a fault is injected: a leg of a path, and whose bytes it hits. */
export interface Spot {
  readonly leg: LegName;
  readonly path: Path;
  readonly direction: Direction;
}

/** Memory that a hanging or slow peer may cost. */
export const GROWTH_LIMIT_BYTES = 64 * 1024 * 1024;

export type Strike = (link: Link) => void | Promise<void>;

/** Ways to lose a connection. */
export const CUTS: readonly (readonly [string, Strike])[] = [
  ["closed", (link) => link.close()],
  ["reset", (link) => link.reset()],
];
/** Where the bytes of a part can be seen. */
export const OUTGOING: Readonly<Record<Part, readonly Spot[]>> = {
  client: PATHS.map((path) => ({ leg: "app", path, direction: "up" })),
  connector: [
    { leg: "link", path: "connector", direction: "up" },
    { leg: "app", path: "connector", direction: "down" },
  ],
  server: [
    { leg: "database", path: "raw", direction: "up" },
    { leg: "database", path: "connector", direction: "up" },
    { leg: "app", path: "raw", direction: "down" },
    { leg: "link", path: "connector", direction: "down" },
  ],
  database: PATHS.map((path) => ({ leg: "database", path, direction: "down" })),
};

export function describeSpot({ leg, path, direction }: Spot): string {
  return `${path}, ${leg} leg ${direction}`;
}

/** A place in a message of the tour, which is named `TYPE` or `TYPE:OCCURRENCE`. */
export function placeOf(direction: Direction, message: string, where: Where): Place {
  const [type = "", occurrence = "1"] = message.split(":");
  return {
    format: postgresFormat(direction === "up" ? ["startup"] : []),
    wanted: named(type, Number(occurrence)),
    where,
  };
}

/** Does something that a planned fault is to strike; says so when it did not. */
export async function expectStrike(
  relay: FaultRelay,
  plan: FaultPlan,
  work: () => Promise<string[]>,
): Promise<string[]> {
  const before = relay.struck;
  relay.plan(plan);
  const faults = await work();
  if (relay.struck === before) {
    relay.clear();
    faults.push("the fault did not strike");
  }
  return faults;
}

/** What must have come of a tour: all of it, everything up to a message, or any part of it. */
export interface Expected {
  readonly complete?: boolean;
  readonly reaches?: string;
}

/** Has a fault strike during a tour, then waits for rest. */
export async function strikeTour(
  rig: FaultRig,
  { leg, path, direction }: Spot,
  plan: Omit<FaultPlan, "direction">,
  expected: Expected = {},
): Promise<string[]> {
  const relay = rig.programs.relay(leg, path);
  const faults = await expectStrike(relay, { direction, ...plan }, () => rig.tour(path, expected));
  return [...faults, ...(await rig.settle())];
}
