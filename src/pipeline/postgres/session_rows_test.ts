/** Rows on their way to the client: decrypted, cut by chunks, shared out over turns, poisoned. */

import { describe, expect, test } from "bun:test";
import {
  dataRow,
  message,
  READY_IDLE,
  ROW_ANSWER_END,
  rowDescription,
} from "../../../test/harness/pg_peers.ts";
import { SessionRig, vectorKey } from "../../../test/harness/session_rig.ts";
import { sealAcraStruct } from "../../acrastruct/mod.ts";
import { sealPoisonRecord } from "../../poison/mod.ts";

const QUERY = message("Q", "SELECT\0");
const STORAGE = vectorKey("client_storage").publicKey;
const POISON = vectorKey(".poison_key/poison_key").publicKey;
const TAG_TEXT = "2".repeat(16);

function hexCell(bytes: Uint8Array): Buffer {
  return Buffer.from(`\\x${Buffer.from(bytes).toString("hex")}`);
}

function sealedCell(text: string): Buffer {
  return hexCell(sealAcraStruct(Buffer.from(text), STORAGE));
}

function plainCell(text: string): Buffer {
  return hexCell(Buffer.from(text));
}

describe("rows", () => {
  test("are decrypted between rows that stay", () => {
    const rig = SessionRig.ready().client(QUERY);
    const plain = dataRow([Buffer.alloc(400, 0x61)]);
    const row = dataRow([sealedCell("one"), null, Buffer.from("x"), sealedCell("two")]);
    rig.database(Buffer.concat([rowDescription([0, 0, 0, 0]), plain, row, plain, ROW_ANSWER_END]));
    const replaced = dataRow([plainCell("one"), null, Buffer.from("x"), plainCell("two")]);
    expect(rig.received("client")).toEqual(
      Buffer.concat([rowDescription([0, 0, 0, 0]), plain, replaced, plain, ROW_ANSWER_END]),
    );
    expect(rig.events.decrypted).toBe(2);
  });

  test("in portals of mixed formats are written by column", () => {
    const struct = sealAcraStruct(Buffer.from("mixed"), STORAGE);
    const rig = SessionRig.ready();
    rig.client(message("B", Buffer.from([0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 1])));
    rig.client(message("E", Buffer.from([0, 0, 0, 0, 0])), message("S"));
    rig.database(message("2"), dataRow([hexCell(struct), struct]), ROW_ANSWER_END);
    const expected = dataRow([plainCell("mixed"), Buffer.from("mixed")]);
    expect(rig.received("client").includes(expected)).toBe(true);
    expect(rig.events.trackingLost).toBe(0);
  });

  test("are told to the stages, when something may be found in them", () => {
    let rows = 0;
    const stage = { beginRow: () => void rows++, open: () => null };
    const rig = SessionRig.ready({ stages: () => [stage] }).client(QUERY);
    const plain = dataRow([Buffer.alloc(400, 0x61)]);
    rig.database(Buffer.concat([dataRow([sealedCell("a")]), plain, dataRow([sealedCell("b")])]));
    expect(rows).toBe(2);
  });

  test("are opened a share at a time, in order", () => {
    const rig = SessionRig.ready({ openingsPerTurn: 2 }).client(QUERY);
    const rows = ["a", "b", "c", "d", "e", "f", "g"];
    const stream = Buffer.concat(rows.map((text) => dataRow([sealedCell(text), sealedCell(text)])));
    const first = rig.session.receive("database", Buffer.concat([stream, READY_IDLE]));
    rig.take(first);
    expect(rig.events.decrypted).toBe(2);
    expect(rig.session.hasWork("database")).toBe(true);
    expect(rig.session.hasWork("client")).toBe(false);
    expect(rig.session.resume("client")).toEqual([]);
    expect(rig.session.idle).toBe(false);
    // What comes in the meantime waits its turn.
    rig.take(rig.session.receive("database", message("N", "late")));
    expect(rig.events.decrypted).toBe(2);
    let turns = 1;
    while (rig.session.hasWork("database")) {
      rig.take(rig.session.resume("database"));
      turns++;
    }
    expect(turns).toBeGreaterThanOrEqual(7);
    const expected = rows.map((text) => dataRow([plainCell(text), plainCell(text)]));
    expect(rig.received("client")).toEqual(
      Buffer.concat([...expected, READY_IDLE, message("N", "late")]),
    );
  });

  test("that are done leave in the turn in which they are done", () => {
    const plain = dataRow([Buffer.alloc(400, 0x61)]);
    const rig = SessionRig.ready({ openingsPerTurn: 1 }).client(QUERY);
    const chunk = Buffer.concat([plain, dataRow([sealedCell("a"), sealedCell("b")])]);
    rig.take(rig.session.receive("database", chunk));
    expect(rig.session.hasWork("database")).toBe(true);
    expect(rig.received("client")).toEqual(plain);
  });

  test("that the end of the stream cuts wait for the work before them", () => {
    const rig = SessionRig.ready({ openingsPerTurn: 1 }).client(QUERY);
    const chunk = Buffer.concat([dataRow([sealedCell("a"), sealedCell("b")]), Buffer.from("D")]);
    rig.take(rig.session.receive("database", chunk)).end("database");
    expect(rig.received("client")).toHaveLength(0);
    while (rig.session.hasWork("database")) {
      rig.take(rig.session.resume("database"));
    }
    const row = dataRow([plainCell("a"), plainCell("b")]);
    expect(rig.received("client")).toEqual(Buffer.concat([row, Buffer.from("D")]));
  });

  test("larger than the limit pass undecrypted with one event", () => {
    const row = dataRow([sealedCell("x".repeat(2000))]);
    for (const chunks of [
      [row],
      [row.subarray(0, 900), row.subarray(900, 901), row.subarray(901)],
    ]) {
      const rig = SessionRig.ready({ maxRowBytes: 1000 })
        .client(QUERY)
        .database(...chunks);
      expect(rig.received("client")).toEqual(row);
      expect(rig.events.rowTooLarge).toBe(1);
    }
  });

  test("whose lengths lie pass as they are, with an event", () => {
    const row = dataRow([sealedCell("x")]);
    row.writeInt32BE(7, 7);
    const rig = SessionRig.ready().client(QUERY).database(row);
    expect(rig.received("client")).toEqual(row);
    expect(rig.events.rowMalformed).toBe(1);
  });

  test("cut by a chunk are held back only while something may be in them", () => {
    const large = dataRow([Buffer.from("id"), null, Buffer.alloc(100_000, 0x61)]);
    const rig = SessionRig.ready().client(QUERY).database(large.subarray(0, 20));
    expect(rig.received("client")).toHaveLength(0);
    rig.database(large.subarray(20, 50));
    expect(rig.received("client")).toHaveLength(50);
    rig.database(large.subarray(50));
    expect(rig.received("client")).toEqual(large);

    const injected = SessionRig.ready({ mode: "injected-cell" }).client(QUERY);
    injected.database(large.subarray(0, 90_000));
    expect(injected.received("client")).toHaveLength(0);
    injected.database(large.subarray(90_000));
    expect(injected.received("client")).toEqual(large);
  });

  test("in whole-cell mode are held when an earlier cell begins with a tag", () => {
    const row = dataRow([sealedCell("first"), Buffer.alloc(100_000, 0x61)]);
    const rig = SessionRig.ready().client(QUERY).database(row.subarray(0, 50_000));
    expect(rig.received("client")).toHaveLength(0);
    rig.database(row.subarray(50_000));
    expect(rig.received("client")).toEqual(
      dataRow([plainCell("first"), Buffer.alloc(100_000, 0x61)]),
    );
  });

  test("that the end of the stream cuts go out unless a tag stands in them", () => {
    const plain = dataRow([Buffer.alloc(500, 0x61)]).subarray(0, 10);
    expect(SessionRig.ready().database(plain).end("database").received("client")).toEqual(plain);
    const sealed = dataRow([sealedCell("x")]).subarray(0, 300);
    expect(SessionRig.ready().database(sealed).end("database").received("client")).toHaveLength(0);
    const header = Buffer.from("D\0\0");
    expect(SessionRig.ready().database(header).end("database").received("client")).toEqual(header);
  });

  test("only look like they hold something when a tag stands in short text", () => {
    const row = dataRow([Buffer.from(TAG_TEXT.repeat(20)), Buffer.from(`"""""""" ${TAG_TEXT}`)]);
    const rig = SessionRig.ready().client(QUERY).database(row);
    expect(rig.received("client")).toEqual(row);
    expect(rig.events.decryptFailed).toBe(0);
  });
});

describe("poison records", () => {
  const record = hexCell(sealPoisonRecord(POISON));

  test("raise the alarm once each, before the row and behind the rows before it", () => {
    const rows = [dataRow([sealedCell("a")]), dataRow([sealedCell("b"), record, record])];
    const stream = Buffer.concat([QUERY, ...rows, dataRow([record]), READY_IDLE]);
    const rig = SessionRig.ready().database(stream);
    const first = QUERY.length + dataRow([plainCell("a")]).length;
    const second = first + dataRow([plainCell("b"), record, record]).length;
    expect(rig.alarms).toEqual([first, first, second]);
    expect(rig.received("client").includes(dataRow([plainCell("b"), record, record]))).toBe(true);
    expect(rig.events.poisonChecked).toBe(3);
  });

  test("act before their row also when the turn ends with them", () => {
    const stream = Buffer.concat([QUERY, dataRow([record, record])]);
    const rig = SessionRig.ready({ openingsPerTurn: 1 }).database(stream);
    expect(rig.alarms).toEqual([QUERY.length, QUERY.length]);
    expect(rig.received("client")).toEqual(stream);
  });
});
