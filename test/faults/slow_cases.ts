/** Peers that read or write in small pieces with pauses. */

import {
  type Case,
  describeSpot,
  GROWTH_LIMIT_BYTES,
  OUTGOING,
  PARTS,
  type Part,
  type Spot,
  strikeTour,
} from "./case.ts";
import type { FaultRig } from "./fault_rig.ts";

/** Slow, but not slower than a test run can wait for. */
const READER_PACE = { bytes: 32 * 1024, pauseMs: 2 };
const PIECES = { up: { bytes: 23, pauseMs: 1 }, down: { bytes: 97, pauseMs: 1 } };

export function slowCases(): Case[] {
  return PARTS.flatMap((part) => [
    ...incoming(part).map(
      (spot): Case => ({
        part,
        fault: "slow reader",
        name: describeSpot(spot),
        run: (rig) => (spot.direction === "up" ? trickle(rig, spot) : readSlowly(rig, spot)),
      }),
    ),
    ...OUTGOING[part].map(
      (spot): Case => ({
        part,
        fault: "slow writer",
        name: describeSpot(spot),
        run: (rig) => trickle(rig, spot),
      }),
    ),
  ]);
}

/** Where bytes come to a part. */
function incoming(part: Part): readonly Spot[] {
  return PARTS.flatMap((other) => OUTGOING[other]).filter((spot) => receiverOf(spot) === part);
}

function receiverOf({ leg, path, direction }: Spot): Part {
  switch (leg) {
    case "app":
      return direction === "down" ? "client" : path === "raw" ? "server" : "connector";
    case "link":
      return direction === "down" ? "connector" : "server";
    case "database":
      return direction === "down" ? "server" : "database";
  }
}

/** A whole tour in small pieces. */
function trickle(rig: FaultRig, spot: Spot): Promise<string[]> {
  return strikeTour(rig, spot, { pace: PIECES[spot.direction] }, { complete: true });
}

/** Megabytes through a narrow place. */
async function readSlowly(rig: FaultRig, { leg, path, direction }: Spot): Promise<string[]> {
  rig.programs.relay(leg, path).plan({ direction, pace: READER_PACE });
  const faults = await rig.readMuch(path, { complete: true });
  if (rig.growth > GROWTH_LIMIT_BYTES) {
    faults.push(`a slow reader costs ${rig.growth} bytes of memory`);
  }
  return [...faults, ...(await rig.settle())];
}
