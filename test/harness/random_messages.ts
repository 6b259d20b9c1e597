/** PostgreSQL messages at random: mostly well formed, with the bytes of tags in them. */

import { sealAcraStruct } from "../../src/acrastruct/mod.ts";
import type { Side } from "../../src/pipeline/mod.ts";
import { dataRow, message, rowDescription } from "./pg_peers.ts";
import { below, pick, type Random } from "./random.ts";
import { vectorKey } from "./session_rig.ts";

const FRONTEND_LETTERS = "QPBDECFSHdcfXp?";
const BACKEND_LETTERS = "TDDDDCZE123ntsIVGHWdcNASK?";
const FOREIGN = Buffer.from(
  sealAcraStruct(Buffer.from("x"), vectorKey("alice_01_storage").publicKey),
);

/** Bytes among which the tags, their parts and whole headers are frequent. */
export function nastyBytes(random: Random): Buffer {
  switch (below(10, random)) {
    case 0:
      return Buffer.from(`\\x${"2".repeat(below(400, random))}`);
    case 1:
      return Buffer.alloc(below(400, random), 0x22);
    case 2:
      return FOREIGN.subarray(0, below(FOREIGN.length, random));
    case 3:
      return Buffer.concat([FOREIGN.subarray(0, 100), Buffer.alloc(below(200, random))]);
    default:
      return Buffer.from(Array.from({ length: below(60, random) }, () => below(256, random)));
  }
}

/** A row of such cells. */
export function anyRow(random: Random): Buffer {
  const cells = Array.from({ length: below(4, random) }, () =>
    random() < 0.2 ? null : nastyBytes(random),
  );
  return dataRow(cells);
}

/** A message that is mostly well formed, sometimes with its body or its letter changed. */
export function anyMessage(side: Side, random: Random): Buffer {
  const letter = pick(side === "client" ? FRONTEND_LETTERS : BACKEND_LETTERS, random);
  if (letter === "D" && side === "database") {
    const row = anyRow(random);
    if (random() < 0.2 && row.length > 7) {
      row[5 + below(row.length - 5, random)] = below(256, random);
    }
    return row;
  }
  if (letter === "T" && random() < 0.7) {
    return rowDescription(Array.from({ length: below(4, random) }, () => below(3, random)));
  }
  if (letter === "Z" && random() < 0.8) {
    return message("Z", pick("ITE", random));
  }
  return message(letter, nastyBytes(random));
}
