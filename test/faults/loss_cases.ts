/** Connections that end on one side only, or with a reset. */

import {
  type Case,
  describeSpot,
  OUTGOING,
  PARTS,
  placeOf,
  type Spot,
  strikeTour,
} from "./case.ts";
import { FRAMES, named, type Place, type Where } from "./cutters.ts";
import type { FaultRig } from "./fault_rig.ts";

const FRAME_NUMBERS = ["4", "7", "12"];
const MESSAGES = { up: ["startup", "Q", "d:2", "Q:7"], down: ["R:2", "D:3", "Z:3", "s"] };
const WHERES: readonly Where[] = ["after", "middle"];

/** A place with its name, made anew for each use. */
interface NamedPlace {
  readonly name: string;
  make(): Place;
  /** What a client has to get although its peer half-closed here. */
  readonly reaches?: string | undefined;
}

export function lossCases(): Case[] {
  return PARTS.flatMap((part) =>
    OUTGOING[part].flatMap((spot) =>
      placesIn(spot).flatMap(({ name, make, reaches }): Case[] => [
        {
          part,
          fault: "half-close",
          name: `${describeSpot(spot)}, ${name}`,
          run: (rig: FaultRig) =>
            strikeTour(
              rig,
              spot,
              { place: make(), strike: (link) => link.halfClose(spot.direction) },
              reaches === undefined ? {} : { reaches },
            ),
        },
        {
          part,
          fault: "reset",
          name: `${describeSpot(spot)}, ${name}`,
          run: (rig: FaultRig) =>
            strikeTour(rig, spot, { place: make(), strike: (link) => link.reset() }),
        },
      ]),
    ),
  );
}

/** Places in a leg: messages where they can be read, frames where they cannot. */
function placesIn(spot: Spot): NamedPlace[] {
  const { leg, direction } = spot;
  return WHERES.flatMap((where) =>
    leg === "link"
      ? FRAME_NUMBERS.map((number) => ({
          name: `${where} frame ${number}`,
          make: () => ({ format: FRAMES, wanted: named(number), where }),
        }))
      : MESSAGES[direction].map((message) => ({
          name: `${where} ${message}`,
          make: () => placeOf(direction, message, where),
          reaches: where === "after" ? reachedBehind(message, spot) : undefined,
        })),
  );
}

/** What was sent before the end of file has to arrive, and what was asked for before it be answered. */
function reachedBehind(message: string, { direction }: Spot): string | undefined {
  if (direction === "down") {
    return message;
  }
  switch (message) {
    case "Q":
      return "Z:2";
    case "Q:7":
      return "Z:8";
    default:
      return undefined;
  }
}
