/** Connections that are lost in the middle of a message, of every type, in every leg. */

import {
  type Case,
  CUTS,
  describeSpot,
  OUTGOING,
  PARTS,
  type Part,
  placeOf,
  type Spot,
  type Strike,
  strikeTour,
} from "./case.ts";
import { cutCancelRequest } from "./cut_cancel.ts";
import { FRAMES, named, type Place, type Where } from "./cutters.ts";
import type { FaultRig } from "./fault_rig.ts";
import type { Direction } from "./relay.ts";
import { CLIENT_MESSAGES, DATABASE_MESSAGES, WITHOUT_BODY } from "./tour.ts";

/** Frames of the handshake of a Secure Session: the announcement and two messages, two answers. */
const HANDSHAKE_FRAMES = { up: ["0", "1", "2"], down: ["0", "1"] };
const CANCEL_PLACES = [2, 6, 15];
/** Time for what was sent before a message to get through, in ms. */
const CLEARING_MS = 15;

export function cutCases(): Case[] {
  return PARTS.flatMap((part) =>
    OUTGOING[part].flatMap((spot) =>
      spot.leg === "link"
        ? [...handshakeCuts(part, spot), ...frameCuts(part, spot)]
        : [...messageCuts(part, spot), ...cancelCuts(part, spot)],
    ),
  );
}

function cut(part: Part, spot: Spot, name: string, run: Case["run"]): Case {
  return { part, fault: "cut", name: `${describeSpot(spot)}, ${name}`, run };
}

function messagesOf(direction: Direction): readonly string[] {
  return direction === "up" ? CLIENT_MESSAGES : DATABASE_MESSAGES;
}

function messageCuts(part: Part, spot: Spot): Case[] {
  const { direction } = spot;
  return messagesOf(direction).flatMap((message) =>
    placesInside(message, direction).flatMap((where) =>
      CUTS.map(([how, strike]) =>
        cut(part, spot, `${how} inside ${message} at ${where}`, (rig) =>
          strikeTour(rig, spot, { place: placeOf(direction, message, where), strike }),
        ),
      ),
    ),
  );
}

/** The places of a message where it can be cut. */
function placesInside(message: string, direction: Direction): readonly Where[] {
  const [type = ""] = message.split(":");
  if (WITHOUT_BODY[direction].has(type)) {
    return [1, 3];
  }
  return [type === "startup" ? 2 : 1, 3, "middle", "last"];
}

function cancelCuts(part: Part, spot: Spot): Case[] {
  if (spot.direction === "down") {
    return [];
  }
  return CANCEL_PLACES.flatMap((where) =>
    CUTS.map(([how, strike]) =>
      cut(part, spot, `${how} inside a CancelRequest at ${where}`, (rig) =>
        cutCancelRequest(rig, spot, where, strike),
      ),
    ),
  );
}

function handshakeCuts(part: Part, spot: Spot): Case[] {
  return HANDSHAKE_FRAMES[spot.direction].flatMap((frame) =>
    ([1, "middle", "last"] as const).flatMap((where) =>
      CUTS.map(([how, strike]) =>
        cut(part, spot, `${how} inside handshake frame ${frame} at ${where}`, (rig) =>
          strikeTour(rig, spot, { place: { format: FRAMES, wanted: named(frame), where }, strike }),
        ),
      ),
    ),
  );
}

function frameCuts(part: Part, spot: Spot): Case[] {
  return messagesOf(spot.direction).flatMap((message) =>
    ([2, "middle"] as const).flatMap((where) =>
      CUTS.map(([how, strike]) =>
        cut(part, spot, `${how} inside the frame of ${message} at ${where}`, (rig) =>
          cutFrameOf(rig, spot, message, where, strike),
        ),
      ),
    ),
  );
}

/** The leg before the link shows the message; the frame that comes next carries it. */
async function cutFrameOf(
  rig: FaultRig,
  spot: Spot,
  message: string,
  where: Where,
  strike: Strike,
): Promise<string[]> {
  const { direction } = spot;
  let armed = false;
  const watched = rig.programs.relay(direction === "up" ? "app" : "database", "connector");
  watched.plan({
    direction,
    place: placeOf(direction, message, "before"),
    strike: async () => {
      await Bun.sleep(CLEARING_MS);
      armed = true;
    },
  });
  const place: Place = { format: FRAMES, wanted: () => armed, where };
  return await strikeTour(rig, spot, { place, strike });
}
