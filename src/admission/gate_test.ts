/** Moving a listener: nobody is refused, and a move that fails changes nothing. */

import { afterEach, describe, expect, test } from "bun:test";
import { existsSync, readFileSync, unlinkSync, writeFileSync } from "node:fs";
import {
  atTheEnd,
  cleanUp,
  LOCAL,
  listenFor,
  makeSocketPath,
  portOf,
} from "../../test/harness/connections.ts";
import { dial, type Endpoint } from "../transport/mod.ts";
import { Gate, type PortSharing } from "./gate.ts";

afterEach(cleanUp);

/** Looks so rarely that a test never sees it. */
const NEVER_MS = 1_000_000;
const OFTEN_MS = 10;

let told: string[] = [];
const LOG = {
  debug: () => {},
  info: () => {},
  warning: (message: string) => told.push(message),
  error: (message: string) => told.push(message),
};
const LOST = "The socket's file was removed or replaced, listening there again";
const TRYING = "Can't listen, trying again until it works";
const AGAIN = "Listening again";

async function openGate(
  endpoint: Endpoint = LOCAL,
  lookMs = NEVER_MS,
  sharing: PortSharing = "none",
): Promise<Gate> {
  told = [];
  const gate = new Gate({
    handler: { accepted: (connection) => connection.abort(), failed: () => {} },
    log: () => LOG,
    lookMs,
    sharing,
  });
  (await gate.move(endpoint)).commit();
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

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + 5_000;
  while (!(await condition())) {
    expect(Date.now()).toBeLessThan(end);
    await Bun.sleep(5);
  }
}

describe("Gate that shares its port", () => {
  const openFirst = (endpoint = LOCAL) => openGate(endpoint, NEVER_MS, "first");
  const openFurther = (endpoint: Endpoint | null) =>
    openGate(endpoint ?? LOCAL, NEVER_MS, "further");

  test("lets further ones join, and tells them its real port before it leaves the old one", async () => {
    const first = await openFirst();
    const further = await openFurther(first.endpoint);
    const move = await first.move({ kind: "tcp", host: "127.0.0.2", port: 0 });
    const movedFurther = await further.move(move.endpoint);
    expect(first.endpoint).toEqual(further.endpoint);
    move.commit();
    movedFurther.commit();
    expect(first.endpoint).toEqual(move.endpoint);
    expect(further.endpoint).toEqual(first.endpoint);
    first.close();
    expect(await accepts(further.endpoint)).toBe(true);
  });

  test("takes no port that somebody has, alone or shared, and leaves none to others", async () => {
    const other = await openFirst();
    const [alone] = await listenFor(LOCAL);
    const gate = await openFirst();
    const before = gate.endpoint;
    for (const taken of [other.endpoint ?? LOCAL, alone.endpoint]) {
      await expect(openFirst(taken)).rejects.toThrow("already in use");
      await expect(gate.move(taken)).rejects.toThrow("already in use");
    }
    await expect(openGate(before ?? LOCAL)).rejects.toThrow("already in use");
    expect(gate.endpoint).toEqual(before);
    expect(await accepts(before)).toBe(true);
  });

  test("moves between addresses of one port while further ones are still there", async () => {
    const first = await openFirst();
    const before = first.endpoint;
    const further = await openFurther(before);
    const move = await first.move(everywhere(before));
    const movedFurther = await further.move(move.endpoint);
    expect(await accepts(before)).toBe(true);
    await movedFurther.cancel();
    await move.cancel();
    expect(first.endpoint).toEqual(before);
    (await first.move(everywhere(before))).commit();
    further.close();
    expect(first.endpoint).toEqual(everywhere(before));
    expect(await accepts(before)).toBe(true);
  });
});

describe("Gate at a unix socket", () => {
  test("listens again when its file was removed, as often as that happens", async () => {
    const path = makeSocketPath();
    const gate = await openGate({ kind: "unix", path }, OFTEN_MS);
    for (let times = 1; times <= 3; times++) {
      unlinkSync(path);
      await until(() => accepts({ kind: "unix", path }));
      expect(told).toEqual(Array(times).fill(LOST));
    }
    gate.close();
    expect(existsSync(path)).toBe(false);
    await Bun.sleep(10 * OFTEN_MS);
    expect(existsSync(path)).toBe(false);
  });

  test("leaves a file alone that somebody else put there, and comes back when it is gone", async () => {
    const path = makeSocketPath();
    const gate = await openGate({ kind: "unix", path }, OFTEN_MS);
    unlinkSync(path);
    writeFileSync(path, "precious");
    await until(() => told.includes(TRYING));
    await Bun.sleep(10 * OFTEN_MS);
    expect(readFileSync(path, "utf8")).toBe("precious");
    expect(gate.endpoint).toBeNull();
    expect(told).toEqual([LOST, TRYING]);
    unlinkSync(path);
    await until(() => accepts({ kind: "unix", path }));
    expect(told).toEqual([LOST, TRYING, AGAIN]);
  });

  test("leaves the socket of another process in place when it closes", async () => {
    const path = makeSocketPath();
    const gate = await openGate({ kind: "unix", path });
    unlinkSync(path);
    const [other] = await listenFor({ kind: "unix", path });
    gate.close();
    expect(other.isThere).toBe(true);
    expect(await accepts({ kind: "unix", path })).toBe(true);
  });

  test("listens again at once when it is moved to where it should be", async () => {
    const path = makeSocketPath();
    const gate = await openGate({ kind: "unix", path });
    unlinkSync(path);
    (await gate.move({ kind: "unix", path })).commit();
    expect(await accepts({ kind: "unix", path })).toBe(true);
    unlinkSync(path);
    writeFileSync(path, "precious");
    await expect(gate.move({ kind: "unix", path })).rejects.toThrow("already in use");
    unlinkSync(path);
    (await gate.move({ kind: "unix", path })).commit();
    expect(await accepts({ kind: "unix", path })).toBe(true);
  });

  test("does not come back after it was closed while it tried to", async () => {
    const path = makeSocketPath();
    const gate = await openGate({ kind: "unix", path }, OFTEN_MS);
    unlinkSync(path);
    await until(() => told.includes(LOST));
    gate.close();
    await Bun.sleep(10 * OFTEN_MS);
    expect(await accepts({ kind: "unix", path })).toBe(false);
  });
});
