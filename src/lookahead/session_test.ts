/** Sessions with help: the answers are those of sessions without, and the help is made use of. */

import { describe, expect, test } from "bun:test";
import {
  cutRandomly,
  dataRow,
  message,
  ROW_ANSWER_END,
  seededRandom,
} from "../../test/harness/pg_peers.ts";
import { below, pick, type Random } from "../../test/harness/random.ts";
import { SessionRig, vectorKey } from "../../test/harness/session_rig.ts";
import { sealAcraStruct, unwrapDataKey } from "../acrastruct/mod.ts";
import { createDecryptor, createPoisonAlarm, type KeysAhead } from "../pipeline/mod.ts";
import { sealPoisonRecord } from "../poison/mod.ts";
import { Board } from "./board.ts";
import type { Lane } from "./lane.ts";
import { Requests } from "./requests.ts";

const KEY = vectorKey("client_storage");
const POISON_KEY = vectorKey(".poison_key/poison_key");

/** Rows with AcraStructs, others and poison among them, in both forms that are looked for. */
function anyRows(random: Random): Buffer {
  const rows = Array.from({ length: 40 + below(200, random) }, (_, number) => {
    const sealed = pick(
      [
        () => sealAcraStruct(Buffer.from(`value ${number}`), KEY.publicKey),
        () => sealAcraStruct(Buffer.from("of another client"), POISON_KEY.publicKey),
        () => Buffer.alloc(200, 0x22),
        () => sealAcraStruct(Buffer.alloc(below(400, random) + 1, number), KEY.publicKey),
      ],
      random,
    )();
    const cell = random() < 0.7 ? `\\x${Buffer.from(sealed).toString("hex")}` : sealed;
    return dataRow([Buffer.from(String(number)), Buffer.from(cell), null]);
  });
  return Buffer.concat([...rows, ROW_ANSWER_END]);
}

function readWith(rows: readonly Buffer[], keysAhead: KeysAhead | null, between: () => void) {
  const rig = SessionRig.ready({
    openingsPerTurn: 8,
    stages: (events) => [
      createDecryptor(() => KEY, events, keysAhead),
      createPoisonAlarm(() => POISON_KEY, events),
    ],
  });
  rig.client(message("Q", "\0"));
  for (const chunk of rows) {
    rig.take(rig.session.receive("database", chunk));
    while (rig.session.hasWork("database")) {
      between();
      rig.take(rig.session.resume("database"));
    }
    between();
  }
  rig.session.release();
  return { received: rig.received("client"), alarms: rig.alarms, events: rig.events };
}

describe("a session with help", () => {
  test("answers as one without, whatever the helpers have done by then", () => {
    const random = seededRandom(31);
    let used = 0;
    for (let round = 0; round < 8; round++) {
      const rows = cutRandomly(anyRows(random), 1 + below(6, random), random);
      const memory = Board.allocate(2);
      let told = 0;
      const requests = new Requests(new Board(memory, 0), () => {
        told++;
      });
      const lanes = new Board(memory, 1).otherLanes;
      const keys = requests.forClient(() => "client");
      const alone = readWith(rows, null, () => {});
      const helped = readWith(rows, keys, () => help(lanes, below(12, random), random));
      expect(helped.received.equals(alone.received)).toBe(true);
      expect(helped.alarms).toEqual(alone.alarms);
      expect(helped.events).toEqual(alone.events);
      expect(requests.busy).toBe(false);
      used += told;
    }
    expect(used).toBeGreaterThan(25);
  });

  test("raises the alarm before anything behind the poison record is sent", () => {
    const structs = Array.from({ length: 60 }, (_, number) =>
      number === 50
        ? sealPoisonRecord(POISON_KEY.publicKey, 100)
        : sealAcraStruct(Buffer.from(`value ${number}`), KEY.publicKey),
    );
    const rows = structs.map((sealed) =>
      dataRow([Buffer.from(`\\x${Buffer.from(sealed).toString("hex")}`)]),
    );
    const memory = Board.allocate(2);
    const keys = new Requests(new Board(memory, 0), () => {}).forClient(() => "client");
    const lanes = new Board(memory, 1).otherLanes;
    const random = seededRandom(5);
    const helped = readWith([Buffer.concat(rows)], keys, () => help(lanes, 8, random));
    const alone = readWith([Buffer.concat(rows)], null, () => {});
    expect(helped.alarms).toHaveLength(1);
    expect(helped.alarms).toEqual(alone.alarms);
  });

  test("opens by itself what a helper gave a wrong key for", () => {
    const rows = Array.from({ length: 80 }, (_, number) => {
      const sealed = sealAcraStruct(Buffer.from(`value ${number}`), KEY.publicKey);
      return dataRow([Buffer.from(`\\x${Buffer.from(sealed).toString("hex")}`)]);
    });
    const liar: KeysAhead = {
      room: 100,
      announce: () => {},
      take: () => new Uint8Array(32).fill(7),
      rest: () => {},
    };
    const misled = readWith([Buffer.concat(rows)], liar, () => {});
    const alone = readWith([Buffer.concat(rows)], null, () => {});
    expect(misled.received.equals(alone.received)).toBe(true);
    expect(misled.events.decrypted).toBe(80);
  });
});

/** Claims some, and settles now or later, as another thread would in the middle of a turn of ours. */
function help(lanes: readonly Lane[], count: number, random: Random): void {
  for (const lane of lanes) {
    for (let done = 0; done < count; done++) {
      const claim = lane.claim(1);
      if (claim === null) {
        return;
      }
      const dataKey = random() < 0.9 ? unwrapDataKey(claim.header, 0, KEY) : null;
      lane.settle(claim, 1, dataKey);
    }
  }
}
