/** Zone mode beyond the vectors: order, forgetting, work on hostile cells, forms, unreadable keys. */

import { describe, expect, test } from "bun:test";
import { dataRow, message, ROW_ANSWER_END, rowDescription } from "../../test/harness/pg_peers.ts";
import { makeZoneStages, SessionRig, vectorKey } from "../../test/harness/session_rig.ts";
import { sealAcraStruct } from "../acrastruct/mod.ts";
import { encodeByteaEscape, encodeByteaHex } from "../wire/postgres/mod.ts";
import { createZoneDecryptor } from "./mod.ts";

const ZONE = "DDDDDDDDDmakNnozaoSQFnDW";
const OTHER = "DDDDDDDDahaZSPdQCIdrlUnU";
const UNKNOWN = "DDDDDDDDnosuchzoneatalls";
const MODES = ["whole-cell", "injected-cell"] as const;
type Mode = (typeof MODES)[number];

function seal(zoneId: string, text: string): Uint8Array {
  return sealAcraStruct(
    Buffer.from(text),
    vectorKey(`${zoneId}_zone`).publicKey,
    Buffer.from(zoneId),
  );
}

const hex = (bytes: Uint8Array | string): Buffer =>
  Buffer.from(encodeByteaHex(typeof bytes === "string" ? Buffer.from(bytes) : bytes));

function ready(mode: Mode): SessionRig {
  return SessionRig.ready({ mode, stages: (events) => makeZoneStages(events, mode) });
}

/** Sends rows as text and compares what the client gets, row for row. */
function check(mode: Mode, sent: readonly Buffer[][], expected: readonly Buffer[][]): SessionRig {
  const rig = ready(mode).client(message("Q", "SELECT\0"));
  rig.database(...sent.map((cells) => dataRow(cells)), ROW_ANSWER_END);
  expect(rig.received("client").toString("latin1")).toBe(
    Buffer.concat([...expected.map((cells) => dataRow(cells)), ROW_ANSWER_END]).toString("latin1"),
  );
  return rig;
}

describe.each(MODES)("zones, %s", (mode) => {
  const struct = hex(seal(ZONE, "text"));
  const open = hex("text");

  test("are forgotten at the end of the row, also when they opened nothing", () => {
    const id = Buffer.from(ZONE);
    check(mode, [[id], [struct], [id, struct], [struct]], [[id], [struct], [id, open], [struct]]);
    check(mode, [[id, hex("x".repeat(200))], [struct]], [[id, hex("x".repeat(200))], [struct]]);
  });

  test("are found in text, hexadecimal and binary columns alike", () => {
    const raw = seal(ZONE, "text");
    for (const id of [Buffer.from(ZONE), hex(ZONE)]) {
      check(mode, [[id, struct]], [[id, open]]);
      const rig = ready(mode).client(message("Q", "SELECT\0"));
      rig.database(rowDescription([1, 1]), dataRow([id, raw]));
      expect(rig.received("client").includes(dataRow([id, Buffer.from("text")]))).toBe(true);
    }
  });

  test("are not replaced by the id of a later cell while they are matched", () => {
    const [one, two] = [Buffer.from(ZONE), Buffer.from(OTHER)];
    check(mode, [[one, two, struct]], [[one, two, open]]);
    const other = hex(seal(OTHER, "text"));
    check(mode, [[one, two, other]], [[one, two, other]]);
  });

  test("do not open what was sealed for a storage key, or for the zone without its id", () => {
    const id = Buffer.from(ZONE);
    const { publicKey } = vectorKey(`${ZONE}_zone`);
    for (const foreign of [
      hex(sealAcraStruct(Buffer.from("text"), vectorKey("client_storage").publicKey)),
      hex(sealAcraStruct(Buffer.from("text"), publicKey)),
      hex(sealAcraStruct(Buffer.from("text"), publicKey, Buffer.from(OTHER))),
    ]) {
      check(mode, [[id, foreign], [foreign]], [[id, foreign], [foreign]]);
    }
  });

  test("are looked for without being asked for twice when a cell is full of unknown ids", () => {
    const asked: string[] = [];
    const rig = SessionRig.ready({
      mode,
      openingsPerTurn: 32,
      stages: (events) => [
        createZoneDecryptor({
          findZoneKey: (id) => {
            asked.push(id);
            return null;
          },
          mode,
          events,
        }),
      ],
    }).client(message("Q", "SELECT\0"));
    const ids = Array.from({ length: 1000 }, (_, n) => `DDDDDDDDx${String(n).padStart(15, "0")}`);
    const row = dataRow([hex(`${"D".repeat(5000)} ${ids.join("")}`), struct]);
    rig.database(row);
    // The run of D holds one id of its own and those that reach over its end.
    expect(asked.length).toBeLessThan(1100);
    expect(asked).toContain(ids[999] ?? "");
    expect(rig.turns).toBeGreaterThan(30);
    expect(rig.received("client")).toEqual(row);
  });

  test("whose key cannot be read are told of once, and pass", () => {
    const rig = SessionRig.ready({
      mode,
      stages: (events) => [
        createZoneDecryptor({
          findZoneKey: () => {
            throw new TypeError("unreadable");
          },
          mode,
          events,
        }),
      ],
    }).client(message("Q", "SELECT\0"));
    const row = dataRow([Buffer.from(ZONE), struct]);
    rig.database(row, row);
    expect(rig.received("client")).toEqual(Buffer.concat([row, row]));
    expect(rig.events.keyUnreadable).toBe(1);
  });
});

test("a zone is matched by a cell in escape form with anything behind the id", () => {
  const id = Buffer.from(encodeByteaEscape(Buffer.from(`${ZONE}\0\u00ff`)));
  const rig = SessionRig.ready({
    byteaFormat: "escape",
    stages: (events) => makeZoneStages(events, "whole-cell"),
  }).client(message("Q", "SELECT\0"));
  const struct = Buffer.from(encodeByteaEscape(seal(ZONE, "text")));
  rig.database(dataRow([id, struct]));
  expect(rig.received("client")).toEqual(dataRow([id, Buffer.from("text")]));
});

test("injected cells forget their zone once it opened something, and match the next id", () => {
  const [one, two] = [Buffer.from(ZONE), Buffer.from(OTHER)];
  const first = hex(seal(ZONE, "one"));
  const second = hex(seal(OTHER, "two"));
  check(
    "injected-cell",
    [[one, first, two, second, second]],
    [[one, hex("one"), two, hex("two"), second]],
  );
  // An id in the cell that was opened counts for nothing: the zone was matched then.
  const mixed = hex(Buffer.concat([seal(ZONE, "one"), two]));
  const opened = hex(`one${OTHER}`);
  check("injected-cell", [[one, mixed, second]], [[one, opened, second]]);
});

test("an id behind other bytes counts in hexadecimal cells only", () => {
  const struct = hex(seal(ZONE, "text"));
  for (const start of [UNKNOWN, "DDDDDDDD ", "x"]) {
    const text = Buffer.from(`${start}${ZONE}`);
    check("whole-cell", [[text, struct]], [[text, struct]]);
    check("whole-cell", [[hex(text), struct]], [[hex(text), hex("text")]]);
  }
});

test("an unknown id does not stand in the way of a known one", () => {
  const cells = [hex(`${UNKNOWN}--${ZONE}`), hex(seal(ZONE, "text"))];
  check("whole-cell", [cells], [[hex(`${UNKNOWN}--${ZONE}`), hex("text")]]);
});
