/** Pairs of connections over real sockets, and their removal after each test. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type Connection,
  dial,
  type Endpoint,
  type Listener,
  listen,
} from "../../src/transport/mod.ts";

export const LOCAL: Endpoint = { kind: "tcp", host: "127.0.0.1", port: 0 };

let cleanUps: (() => void)[] = [];

/** Has this done when the test is over. */
export function atTheEnd(...work: (() => void)[]): void {
  cleanUps.push(...work);
}

/** For `afterEach`. */
export function cleanUp(): void {
  const due = cleanUps;
  cleanUps = [];
  for (const work of due.toReversed()) {
    work();
  }
}

export interface Pair {
  readonly dialled: Connection;
  readonly accepted: Connection;
}

/** A listener and the first connection that it accepts. */
export async function listenFor(endpoint: Endpoint): Promise<[Listener, Promise<Connection>]> {
  const { promise, resolve, reject } = Promise.withResolvers<Connection>();
  const listener = await listen(endpoint, { accepted: resolve, failed: reject });
  atTheEnd(() => listener.close());
  return [listener, promise];
}

/** Both ends of one connection, neither of them started. */
export async function makePair(endpoint: Endpoint = LOCAL): Promise<Pair> {
  const [listener, accepting] = await listenFor(endpoint);
  const dialled = await dial(listener.endpoint, { timeoutMs: 1000 });
  const accepted = await accepting;
  atTheEnd(
    () => dialled.abort(),
    () => accepted.abort(),
  );
  return { dialled, accepted };
}

/** The port of a TCP endpoint. */
export function portOf(endpoint: Endpoint): number {
  if (endpoint.kind !== "tcp") {
    throw new TypeError("no TCP endpoint");
  }
  return endpoint.port;
}

/** A path in a fresh folder. */
export function makeSocketPath(): string {
  const folder = mkdtempSync(join(tmpdir(), "acra-transport-"));
  atTheEnd(() => rmSync(folder, { recursive: true }));
  return join(folder, "s");
}
