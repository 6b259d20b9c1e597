/** Moving a listener: nobody is refused, and a move that fails changes nothing. */

import { afterEach, describe, expect, test } from "bun:test";
import { atTheEnd, cleanUp, LOCAL, listenFor, portOf } from "../../test/harness/connections.ts";
import { dial, type Endpoint } from "../transport/mod.ts";
import { Gate } from "./gate.ts";

afterEach(cleanUp);

async function openGate(): Promise<Gate> {
  const gate = new Gate({ accepted: (connection) => connection.abort(), failed: () => {} });
  (await gate.move(LOCAL)).commit();
  atTheEnd(() => gate.close());
  return gate;
}

async function accepts(endpoint: Endpoint | null): Promise<boolean> {
  try {
    (await dial(endpoint ?? LOCAL, { timeoutMs: 1_000 })).abort();
    return true;
  } catch {
    return false;
  }
}

function everywhere(endpoint: Endpoint | null): Endpoint {
  return { kind: "tcp", host: "0.0.0.0", port: portOf(endpoint ?? LOCAL) };
}

describe("Gate", () => {
  test("listens at both addresses until a move is committed", async () => {
    const gate = await openGate();
    const before = gate.endpoint;
    const move = await gate.move({ kind: "tcp", host: "127.0.0.2", port: 0 });
    expect(await accepts(before)).toBe(true);
    move.commit();
    expect(await accepts(before)).toBe(false);
    expect(await accepts(gate.endpoint)).toBe(true);
  });

  test("stays where it is when a move is cancelled, fails, or goes nowhere", async () => {
    const gate = await openGate();
    const before = gate.endpoint;
    await (await gate.move({ kind: "tcp", host: "127.0.0.2", port: 0 })).cancel();
    await (await gate.move(null)).cancel();
    const [taken] = await listenFor(LOCAL);
    await expect(gate.move(taken.endpoint)).rejects.toThrow("already in use");
    (await gate.move(LOCAL)).commit();
    expect(gate.endpoint).toEqual(before);
    expect(await accepts(before)).toBe(true);
  });

  test("moves between addresses that share a port, and back when that is cancelled", async () => {
    const gate = await openGate();
    const before = gate.endpoint;
    await (await gate.move(everywhere(before))).cancel();
    expect(gate.endpoint).toEqual(before);
    expect(await accepts(before)).toBe(true);
    (await gate.move(everywhere(before))).commit();
    expect(gate.endpoint).toEqual(everywhere(before));
    expect(await accepts(before)).toBe(true);
  });

  test("closes and opens again", async () => {
    const gate = await openGate();
    const before = gate.endpoint;
    (await gate.move(null)).commit();
    expect(gate.endpoint).toBeNull();
    expect(await accepts(before)).toBe(false);
    (await gate.move(LOCAL)).commit();
    expect(await accepts(gate.endpoint)).toBe(true);
  });
});
