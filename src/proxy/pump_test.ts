/** The pump against connections in memory: order, backpressure, ends. */

import { expect, test } from "bun:test";
import type { Action, ProtocolSession, Side } from "../pipeline/mod.ts";
import type { Connection, ConnectionHandler } from "../transport/mod.ts";
import { PassThroughSession, Pump, type PumpEnd } from "./mod.ts";

class FakeConnection implements Connection {
  readonly peer = "memory";
  readonly written: Uint8Array[] = [];
  readonly calls: string[] = [];
  queuedBytes = 0;
  handler: ConnectionHandler | null = null;

  start(handler: ConnectionHandler): void {
    this.handler = handler;
  }

  write(bytes: Uint8Array): void {
    this.written.push(bytes);
  }

  pause(): void {
    this.calls.push("pause");
  }

  resume(): void {
    this.calls.push("resume");
  }

  end(): void {
    this.calls.push("end");
  }

  abort(): void {
    this.calls.push("abort");
    // As real ones do: never from within a call of the owner.
    queueMicrotask(() => this.handler?.closed(null));
  }

  get text(): string {
    return Buffer.concat(this.written).toString();
  }
}

interface Rig {
  readonly client: FakeConnection;
  readonly database: FakeConnection;
  readonly pump: Pump;
  readonly ends: PumpEnd[];
  readonly log: string[];
}

function makeRig(session: ProtocolSession = new PassThroughSession()): Rig {
  const client = new FakeConnection();
  const database = new FakeConnection();
  const ends: PumpEnd[] = [];
  const log: string[] = [];
  const pump = new Pump({
    session,
    client,
    database,
    alarm: () => {
      log.push(`alarm after ${client.text}`);
    },
    ended: (end) => ends.push(end),
  });
  pump.start();
  return { client, database, pump, ends, log };
}

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** Answers whatever the test prepared. */
class ScriptedSession extends PassThroughSession {
  readonly #left: (readonly Action[])[];

  constructor(turns: (readonly Action[])[]) {
    super();
    this.#left = turns;
  }

  override receive(_from: Side, _bytes: Uint8Array): readonly Action[] {
    return this.#left.shift() ?? [];
  }

  override resume(): readonly Action[] {
    return this.#left.shift() ?? [];
  }

  override hasWork(from: Side): boolean {
    return from === "database" && this.#left.length > 0;
  }
}

function sendToClient(text: string): Action {
  return { kind: "send", to: "client", buffers: [bytes(text)] };
}

test("Pump forwards both ways in order", () => {
  const rig = makeRig();
  rig.client.handler?.data(bytes("a"));
  rig.client.handler?.data(bytes("b"));
  rig.database.handler?.data(bytes("1"));
  expect(rig.database.text).toBe("ab");
  expect(rig.client.text).toBe("1");
});

test("Pump pauses a side while the other side's queue is long, and resumes it when it drained", () => {
  const rig = makeRig();
  rig.client.queuedBytes = 300 * 1024;
  rig.database.handler?.data(bytes("x"));
  expect(rig.database.calls).toEqual(["pause"]);
  rig.client.queuedBytes = 0;
  rig.client.handler?.drained();
  expect(rig.database.calls).toEqual(["pause", "resume"]);
});

test("Pump goes on with left-over work in later turns and in order", async () => {
  const session = new ScriptedSession([
    [sendToClient("1")],
    [sendToClient("2")],
    [sendToClient("3")],
  ]);
  const rig = makeRig(session);
  rig.database.handler?.data(bytes("rows"));
  expect(rig.client.text).toBe("1");
  expect(rig.database.calls).toEqual(["pause"]);
  await Bun.sleep(5);
  expect(rig.client.text).toBe("123");
  expect(rig.database.calls).toEqual(["pause", "resume"]);
});

test("Pump runs the alarm between what was sent before it and what comes after it", () => {
  const session = new ScriptedSession([
    [sendToClient("before"), { kind: "alarm" }, sendToClient("after")],
  ]);
  const rig = makeRig(session);
  rig.database.handler?.data(bytes("rows"));
  expect(rig.log).toEqual(["alarm after before"]);
  expect(rig.client.text).toBe("beforeafter");
});

test("Pump sends nothing after an alarm that aborted it", () => {
  const client = new FakeConnection();
  const database = new FakeConnection();
  const pump = new Pump({
    session: new ScriptedSession([[{ kind: "alarm" }, sendToClient("secret")]]),
    client,
    database,
    alarm: () => pump.abort("stop"),
    ended: () => {},
  });
  pump.start();
  database.handler?.data(bytes("rows"));
  expect(client.text).toBe("");
  expect(client.calls).toContain("abort");
});

test("Pump passes a client's end of file on and keeps delivering answers", () => {
  const rig = makeRig();
  rig.client.handler?.data(bytes("query"));
  rig.client.handler?.ended();
  expect(rig.database.calls).toEqual(["end"]);
  rig.database.handler?.data(bytes("answer"));
  expect(rig.client.text).toBe("answer");
  rig.database.handler?.ended();
  expect(rig.client.calls).toEqual(["end"]);
});

test("Pump ends the database's connection when the client's is reset, even a paused one", async () => {
  const rig = makeRig();
  rig.client.queuedBytes = 300 * 1024;
  rig.database.handler?.data(bytes("x"));
  rig.client.handler?.closed(new Error("connection reset"));
  expect(rig.database.calls).toContain("abort");
  await Bun.sleep(0);
  expect(rig.ends).toHaveLength(1);
  expect(rig.ends[0]?.error).toBe(true);
});

test("Pump delivers left-over work before it passes the database's end of file on", async () => {
  const session = new ScriptedSession([[sendToClient("1")], [sendToClient("2")]]);
  const rig = makeRig(session);
  rig.database.handler?.data(bytes("rows"));
  rig.database.handler?.ended();
  expect(rig.client.calls).toEqual([]);
  await Bun.sleep(5);
  expect(rig.client.text).toBe("12");
  expect(rig.client.calls).toEqual(["end"]);
});

test("Pump ends one session, not the process, when a session object throws", async () => {
  class BrokenSession extends PassThroughSession {
    override receive(): readonly Action[] {
      throw new TypeError("defect");
    }
  }
  const rig = makeRig(new BrokenSession());
  rig.client.handler?.data(bytes("x"));
  await Bun.sleep(0);
  expect(rig.ends).toEqual([{ reason: "internal error: defect", error: true }]);
});

test("Pump asks an idle session for its farewell when it is drained", () => {
  class IdleSession extends PassThroughSession {
    override readonly idle = true;

    override fail(): readonly Action[] {
      return [sendToClient("bye"), { kind: "close", reason: "shutdown", error: false }];
    }
  }
  const rig = makeRig(new IdleSession());
  rig.pump.drain();
  expect(rig.client.text).toBe("bye");
  expect(rig.client.calls).toEqual(["end"]);
  expect(rig.database.calls).toEqual(["end"]);
});
