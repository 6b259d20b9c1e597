/** Phases of a session, what it refuses, and how rows pass. */

import { describe, expect, test } from "bun:test";
import {
  AUTHENTICATION_OK,
  dataRow,
  message,
  READY_IDLE,
  ROW_ANSWER_END,
  rowDescription,
  startupMessage,
} from "../../../test/harness/pg_peers.ts";
import { SessionRig, vectorKey } from "../../../test/harness/session_rig.ts";
import { sealAcraStruct } from "../../acrastruct/mod.ts";
import { sealPoisonRecord } from "../../poison/mod.ts";

const STARTUP = startupMessage({ user: "me" });
const QUERY = message("Q", "SELECT\0");
const SSL_REQUEST = untyped(80_877_103);
const GSSENC_REQUEST = untyped(80_877_104);
const CANCEL_REQUEST = untyped(80_877_102, 8);
const STORAGE = vectorKey("client_storage").publicKey;
const POISON = vectorKey(".poison_key/poison_key").publicKey;
const TAG_TEXT = "2".repeat(16);

function untyped(code: number, extra = 0): Buffer {
  const bytes = Buffer.alloc(8 + extra);
  bytes.writeUInt32BE(bytes.length, 0);
  bytes.writeUInt32BE(code, 4);
  return bytes;
}

function fatal(code: string, text: string): string {
  return message("E", `SFATAL\0VFATAL\0C${code}\0M${text}\0\0`).toString();
}

function hexCell(bytes: Uint8Array): Buffer {
  return Buffer.from(`\\x${Buffer.from(bytes).toString("hex")}`);
}

function sealedCell(text: string): Buffer {
  return hexCell(sealAcraStruct(Buffer.from(text), STORAGE));
}

function plainCell(text: string): Buffer {
  return hexCell(Buffer.from(text));
}

describe("start-up", () => {
  test("goes from StartupMessage over authentication to ready", () => {
    const rig = new SessionRig();
    expect(rig.session.phase).toBe("startup");
    expect(rig.session.idle).toBe(true);
    rig.client(STARTUP.subarray(0, 3));
    expect(rig.session.idle).toBe(false);
    rig.client(STARTUP.subarray(3));
    expect(rig.session.phase).toBe("authentication");
    expect(rig.session.idle).toBe(false);
    rig.database(AUTHENTICATION_OK).client(message("p", "secret\0"));
    expect(rig.session.phase).toBe("authentication");
    rig.database(READY_IDLE);
    expect(rig.session.phase).toBe("ready");
    expect(rig.session.idle).toBe(true);
    expect(rig.received("database")).toEqual(Buffer.concat([STARTUP, message("p", "secret\0")]));
    expect(rig.received("client")).toEqual(Buffer.concat([AUTHENTICATION_OK, READY_IDLE]));
  });

  test("answers GSSENCRequest and SSLRequest with N, each byte for itself", () => {
    const stream = Buffer.concat([GSSENC_REQUEST, SSL_REQUEST, STARTUP, QUERY]);
    for (const chunks of [[stream], Array.from(stream, (byte) => Uint8Array.of(byte))]) {
      const rig = new SessionRig().client(...chunks);
      expect(rig.received("client").toString()).toBe("NN");
      expect(rig.received("database")).toEqual(Buffer.concat([STARTUP, QUERY]));
      expect(rig.session.phase).toBe("authentication");
    }
  });

  test("refuses to be asked for the same encryption twice", () => {
    const rig = new SessionRig().client(SSL_REQUEST, SSL_REQUEST);
    expect(rig.received("client").toString()).toBe(
      `N${fatal("0A000", "unsupported frontend protocol")}`,
    );
    expect(rig.session.phase).toBe("closed");
  });

  test("forwards a CancelRequest and waits for the database", () => {
    const rig = new SessionRig().client(Buffer.concat([CANCEL_REQUEST, QUERY]));
    expect(rig.session.phase).toBe("cancel");
    expect(rig.received("database")).toEqual(CANCEL_REQUEST);
    rig.client(QUERY);
    expect(rig.received("database")).toEqual(CANCEL_REQUEST);
    expect(rig.closed).toBeNull();
    expect(rig.session.idle).toBe(false);
  });

  test("closes a connection that begins with TLS, without a word", () => {
    const rig = new SessionRig().client(Uint8Array.of(0x16, 3, 1));
    expect(rig.closed).toContain("TLS");
    expect(rig.received("client")).toHaveLength(0);
  });

  test.each([
    [untyped(0x0002_0000), "0A000", "unsupported frontend protocol"],
    [Buffer.alloc(8), "08P01", "the client sent an invalid startup packet"],
    [Buffer.alloc(8, 0x7f), "08P01", "the client sent an invalid startup packet"],
  ])("refuses %p", (bytes, code, text) => {
    const rig = new SessionRig().client(bytes);
    expect(rig.received("client").toString()).toBe(fatal(code, text));
    expect(rig.received("database")).toHaveLength(0);
    expect(rig.closed).toBe(text);
  });

  test("takes any minor version of protocol 3", () => {
    expect(new SessionRig().client(untyped(0x0003_0007)).session.phase).toBe("authentication");
  });

  test("keeps requests that were sent before authentication ended", () => {
    const rig = new SessionRig().client(Buffer.concat([STARTUP, QUERY]));
    rig.database(AUTHENTICATION_OK, READY_IDLE);
    expect(rig.session.idle).toBe(false);
    rig.database(ROW_ANSWER_END);
    expect(rig.session.idle).toBe(true);
  });
});

describe("messages of the client", () => {
  test("pass as the same slices", () => {
    const rig = SessionRig.ready();
    const chunk = Buffer.concat([QUERY, message("Q"), message("?", "unknown"), QUERY]);
    const [action] = rig.session.receive("client", chunk);
    expect(action).toEqual({ kind: "send", to: "database", buffers: [chunk] });
  });

  test("of impossible length end the session, behind what came before", () => {
    const text = "the client sent an invalid message length";
    const bad = Buffer.from([0x51, 0, 0, 0, 3]);
    const rig = SessionRig.ready().client(Buffer.concat([QUERY, bad]));
    expect(rig.received("database")).toEqual(QUERY);
    expect(rig.received("client").toString()).toBe(fatal("08P01", text));
    expect(rig.closed).toBe(text);
    rig.client(QUERY).database(READY_IDLE);
    expect(rig.received("database")).toEqual(QUERY);
  });

  test("that cannot be answered between two messages are not answered", () => {
    const rig = SessionRig.ready().database(message("d", "data").subarray(0, 7));
    rig.forget();
    rig.client(Buffer.from([0x51, 0xff, 0, 0, 0]));
    expect(rig.received("client")).toHaveLength(0);
    expect(rig.closed).not.toBeNull();
  });

  test("that ask for more than a session may remember end it", () => {
    const rig = SessionRig.ready({ requestLimits: { requests: 3, bytes: 100 } });
    rig.client(QUERY, QUERY, QUERY);
    expect(rig.closed).toBeNull();
    rig.client(QUERY);
    expect(rig.closed).toBe("too many unanswered requests");
    expect(rig.received("client").toString()).toBe(fatal("54000", "too many unanswered requests"));
  });

  test("pass with the cut header when the client ends", () => {
    const rig = SessionRig.ready().client(Buffer.from("Q\0\0")).end("client");
    expect(rig.received("database").toString()).toBe("Q\0\0");
  });
});

describe("messages of the database", () => {
  test("that need no change pass as one slice of their chunk", () => {
    const rig = SessionRig.ready().client(QUERY);
    const rows = Array.from({ length: 50 }, (_, index) =>
      dataRow([Buffer.alloc(300, index), null]),
    );
    const chunk = Buffer.concat([rowDescription([0, 0]), ...rows, ROW_ANSWER_END]);
    const [action] = rig.session.receive("database", chunk);
    expect(action).toEqual({ kind: "send", to: "client", buffers: [chunk] });
    expect(action?.kind === "send" && action.buffers[0]?.buffer === chunk.buffer).toBe(true);
  });

  test("of impossible length end the session, behind what came before", () => {
    const bad = Buffer.from([0x44, 0xff, 0xff, 0xff, 0xff]);
    const rig = SessionRig.ready().database(Buffer.concat([message("N", "x"), bad]));
    const text = "the database sent an invalid message length";
    expect(rig.received("client").toString()).toBe(message("N", "x") + fatal("08P01", text));
    expect(rig.closed).toBe(text);
  });

  test("that nobody asked for pass, and formats are guessed from then on", () => {
    const row = dataRow([sealedCell("secret")]);
    const rig = SessionRig.ready().database(message("2"), row, message("2"));
    expect(rig.events.trackingLost).toBe(1);
    const expected = Buffer.concat([message("2"), dataRow([plainCell("secret")]), message("2")]);
    expect(rig.received("client")).toEqual(expected);
  });
});

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

describe("fail", () => {
  test("tells an unreachable database in answer to the StartupMessage and not before", () => {
    const rig = new SessionRig().client(SSL_REQUEST);
    expect(rig.session.fail("database-unreachable")).toEqual([]);
    rig.client(STARTUP);
    rig.take(rig.session.fail("database-unreachable"));
    expect(rig.received("client").toString()).toBe(
      `N${fatal("08006", "could not connect to database")}`,
    );
    expect(rig.session.phase).toBe("closed");
    expect(rig.session.fail("database-unreachable")).toEqual([]);
  });

  test("only closes for a CancelRequest", () => {
    const rig = new SessionRig().client(CANCEL_REQUEST);
    rig.take(rig.session.fail("database-unreachable"));
    expect(rig.closed).not.toBeNull();
    expect(rig.received("client")).toHaveLength(0);
  });

  test("tells a shutdown between two messages", () => {
    const text = fatal("57P01", "terminating connection due to administrator command");
    const idle = SessionRig.ready();
    idle.take(idle.session.fail("shutdown"));
    expect(idle.received("client").toString()).toBe(text);
    expect(idle.actions.at(-1)).toMatchObject({ kind: "close", error: false });

    const cut = SessionRig.ready().database(message("d", "data").subarray(0, 7));
    cut.forget();
    cut.take(cut.session.fail("shutdown"));
    expect(cut.received("client")).toHaveLength(0);
    expect(cut.closed).not.toBeNull();
  });

  test("only closes when start-up took too long", () => {
    const rig = new SessionRig().client(STARTUP);
    rig.take(rig.session.fail("startup-timeout"));
    expect(rig.received("client")).toHaveLength(0);
    expect(rig.actions.at(-1)).toMatchObject({ kind: "close", error: true });
  });
});

test("a session is idle only between messages, outside of transactions, with nothing asked", () => {
  const rig = SessionRig.ready();
  expect(rig.session.idle).toBe(true);
  rig.client(QUERY);
  expect(rig.session.idle).toBe(false);
  rig.database(message("C", "BEGIN\0"), message("Z", "T"));
  expect(rig.session.idle).toBe(false);
  rig.client(QUERY).database(ROW_ANSWER_END);
  expect(rig.session.idle).toBe(true);
  expect(rig.client(Buffer.from("Q")).session.idle).toBe(false);
});
