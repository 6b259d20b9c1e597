/** Whole sessions under random messages, random bytes and random cuts. */

import { describe, expect, test } from "bun:test";
import {
  cutRandomly,
  dataRow,
  message,
  READY_IDLE,
  seededRandom,
  startupMessage,
} from "../../../test/harness/pg_peers.ts";
import { below, pick, type Random } from "../../../test/harness/random.ts";
import { anyMessage, nastyBytes } from "../../../test/harness/random_messages.ts";
import { SessionRig, vectorKey } from "../../../test/harness/session_rig.ts";
import { sealAcraStruct } from "../../acrastruct/mod.ts";
import type { Side } from "../mod.ts";

const SESSIONS = process.env["SLOW"] ? 20_000 : 1_000;
const MESSAGES = 110;
const SIDES = ["client", "database"] as const;

interface Script {
  readonly whole: Record<Side, Buffer>;
  readonly chunks: readonly { readonly side: Side; readonly bytes: Buffer }[];
}

/** Messages of both sides, cut at random and woven together. */
function anyScript(random: Random): Script {
  const whole: Record<Side, Buffer> = {
    client: Buffer.concat(Array.from({ length: MESSAGES / 2 }, () => anyMessage("client", random))),
    database: Buffer.concat(
      Array.from({ length: MESSAGES / 2 }, () => anyMessage("database", random)),
    ),
  };
  const left = {
    client: cutRandomly(whole.client, 1 + below(40, random), random),
    database: cutRandomly(whole.database, 1 + below(40, random), random),
  };
  const chunks: { side: Side; bytes: Buffer }[] = [];
  while (left.client.length + left.database.length > 0) {
    const side = pick(SIDES, random);
    const bytes = left[side].shift();
    if (bytes !== undefined) {
      chunks.push({ side, bytes });
    }
  }
  return { whole, chunks };
}

function makeRig(random: Random): SessionRig {
  return SessionRig.ready({
    mode: pick(["whole-cell", "injected-cell"] as const, random),
    byteaFormat: pick(["hex", "escape"] as const, random),
    openingsPerTurn: 1 + below(4, random),
    maxRowBytes: pick([100, 400, 1_000_000], random),
  });
}

describe("a session", () => {
  test(`gives back ${SESSIONS * MESSAGES} messages unchanged, however cut and out of turn`, () => {
    const random = seededRandom(2026);
    for (let round = 0; round < SESSIONS; round++) {
      const script = anyScript(random);
      const rig = makeRig(random);
      for (const { side, bytes } of script.chunks) {
        rig[side](bytes);
      }
      expect(rig.closed).toBeNull();
      expect(rig.received("database").equals(script.whole.client)).toBe(true);
      expect(rig.received("client").equals(script.whole.database)).toBe(true);
    }
  });

  test("answers any bytes by passing them on or by closing, and never throws", () => {
    const random = seededRandom(4);
    let closed = 0;
    for (let round = 0; round < SESSIONS * 20; round++) {
      const rig = random() < 0.5 ? new SessionRig() : makeRig(random);
      for (let chunk = 0; chunk < 4; chunk++) {
        const bytes = random() < 0.5 ? nastyBytes(random) : anyMessage(pick(SIDES, random), random);
        if (bytes.length > 1 && random() < 0.5) {
          bytes[below(Math.min(6, bytes.length), random)] = below(256, random);
        }
        rig[pick(SIDES, random)](Buffer.from(bytes));
      }
      rig.end(pick(SIDES, random));
      closed += rig.closed === null ? 0 : 1;
    }
    expect(closed).toBeGreaterThan(SESSIONS);
  });

  test("answers a changed start-up packet by passing it on or by closing", () => {
    const random = seededRandom(5);
    const good = startupMessage({ user: "me", database: "db" });
    const phases = new Set<string>();
    for (let round = 0; round < SESSIONS * 10; round++) {
      const bytes = Buffer.from(good);
      bytes[below(9, random)] = below(256, random);
      const rig = new SessionRig().client(...cutRandomly(bytes, 1 + below(4, random), random));
      rig.database(READY_IDLE);
      phases.add(rig.session.phase);
    }
    expect([...phases].sort()).toEqual(["closed", "ready", "startup"]);
  });
});

test("decrypted rows are the same however they are cut and woven between others", () => {
  const random = seededRandom(6);
  const recipient = vectorKey("client_storage").publicKey;
  for (let round = 0; round < SESSIONS / 20; round++) {
    const sent: Buffer[] = [];
    const wanted: Buffer[] = [];
    for (let row = 0; row < 8; row++) {
      const other = Buffer.alloc(below(300, random), 0x61);
      const text = `text ${row}`;
      const struct = Buffer.from(sealAcraStruct(Buffer.from(text), recipient)).toString("hex");
      const plain = random() < 0.5;
      sent.push(dataRow([other, plain ? other : Buffer.from(`\\x${struct}`), null]));
      const cell = Buffer.from(`\\x${Buffer.from(text).toString("hex")}`);
      wanted.push(dataRow([other, plain ? other : cell, null]));
    }
    const rig = makeRowsRig(random).client(message("Q", "\0"));
    rig.database(...cutRandomly(Buffer.concat(sent), 1 + below(30, random), random));
    expect(rig.received("client").equals(Buffer.concat(wanted))).toBe(true);
  }
});

function makeRowsRig(random: Random): SessionRig {
  return SessionRig.ready({
    mode: pick(["whole-cell", "injected-cell"] as const, random),
    openingsPerTurn: 1 + below(4, random),
  });
}
