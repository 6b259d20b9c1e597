/** Phases of a session, what it refuses, and how messages pass. */

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

const STARTUP = startupMessage({ user: "me" });
const QUERY = message("Q", "SELECT\0");
const SSL_REQUEST = untyped(80_877_103);
const GSSENC_REQUEST = untyped(80_877_104);
const CANCEL_REQUEST = untyped(80_877_102, 8);
const STORAGE = vectorKey("client_storage").publicKey;

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

  test("tells what the connection is for, once, when that is settled", () => {
    const openings: string[] = [];
    const opened = (opening: string) => openings.push(opening) > 0;
    const session = new SessionRig({ opened }).client(SSL_REQUEST, STARTUP.subarray(0, 7));
    expect(openings).toEqual([]);
    session.client(STARTUP.subarray(7), QUERY);
    expect(openings).toEqual(["session"]);
    new SessionRig({ opened }).client(CANCEL_REQUEST);
    expect(openings).toEqual(["session", "cancel"]);
  });

  test("refuses a session that is one too many, and lets the database see nothing of it", () => {
    const rig = new SessionRig({ opened: () => false }).client(SSL_REQUEST, STARTUP, QUERY);
    expect(rig.received("client").toString()).toBe(
      `N${fatal("53300", "sorry, too many clients already")}`,
    );
    expect(rig.received("database").length).toBe(0);
    expect(rig.session.phase).toBe("closed");
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

  test("that are read count for the memory of a session, larger ones are not read", () => {
    const limits = { requestLimits: { requests: 10, bytes: 50 } };
    const bindTo = (portal: string) => message("B", `${portal}\0${"\0".repeat(7)}`);
    const small = SessionRig.ready(limits).client(bindTo("p".repeat(50)));
    expect(small.closed).toBeNull();
    expect(small.client(bindTo("p")).closed).toBe("too many unanswered requests");
    const large = bindTo("p".repeat(1024 * 1024));
    const rig = SessionRig.ready(limits).client(large.subarray(0, 70_000), large.subarray(70_000));
    expect(rig.closed).toBeNull();
    expect(rig.session.idle).toBe(false);
    expect(rig.received("database")).toEqual(large);
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
