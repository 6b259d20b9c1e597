/** Connections that are lost inside PostgreSQL's request for TLS, its handshake, and its records. */

import { type Case, CUTS, describeSpot, OUTGOING, PARTS, type Spot, strikeTour } from "./case.ts";
import { named, tlsFormat, type Where } from "./cutters.ts";

/** The first ones belong to the handshake, the last ones carry messages. */
const RECORDS = ["0", "1", "2", "3", "6", "9"];
const WHERES: readonly Where[] = [2, "middle", "last"];
/** Length of the SSLRequest, and of the answer to it. */
const REQUEST_BYTES = { up: 8, down: 1 };

export function tlsCases(): Case[] {
  return PARTS.flatMap((part) =>
    OUTGOING[part].filter(speaksTls).flatMap((spot) =>
      namesIn(spot).flatMap((name) =>
        WHERES.flatMap((where) =>
          CUTS.map(
            ([how, strike]): Case => ({
              part,
              fault: "cut",
              name: `TLS, ${describeSpot(spot)}, ${how} inside ${name} at ${where}`,
              run: (rig) => {
                const format = tlsFormat(spot.leg === "link" ? 0 : REQUEST_BYTES[spot.direction]);
                return strikeTour(rig, spot, {
                  place: { format, wanted: named(name), where },
                  strike,
                });
              },
            }),
          ),
        ),
      ),
    ),
  );
}

/** The application behind a connector speaks no TLS: that is the connector's work. */
function speaksTls({ leg, path }: Spot): boolean {
  return leg !== "app" || path === "raw";
}

function namesIn({ leg, direction }: Spot): readonly string[] {
  return leg !== "link" && direction === "up" ? ["request", ...RECORDS] : RECORDS;
}
