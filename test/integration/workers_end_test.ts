/** How a server of several workers ends: all of them together, whoever began (issue 5). */

import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { makePoisonRecord } from "../harness/acra.ts";
import { missingLinux } from "../harness/missing.ts";
import { message, type RawClient } from "../harness/pg_peers.ts";
import { testUnless } from "../harness/skip.ts";
import { MANY_SESSIONS, readConnections, WorkerRig } from "../harness/worker_rig.ts";

let rig: WorkerRig;

beforeAll(async () => {
  rig = await WorkerRig.open();
}, 60_000);

afterEach(() => rig.clear());
afterAll(() => rig.close());

/** Has all sessions wait for the database; tells which of them got an answer. */
async function sleep(
  clients: readonly RawClient[],
  seconds: number,
): Promise<() => Promise<number>> {
  const answers = clients.map(async (client) => {
    client.send(message("Q", `SELECT pg_sleep(${seconds})\0`));
    const received = await client.untilClosed();
    return received.some(({ type }) => type === "D");
  });
  await Bun.sleep(300);
  return async () => (await Promise.all(answers)).filter((answered) => answered).length;
}

describe("acra server with two workers, at its end", () => {
  test("waits for the sessions of both, and ends with 0", async () => {
    const { server } = await rig.start(["-v"]);
    const countAnswered = await sleep(await rig.logInMany(server.port), 1);
    expect(await server.stop()).toBe(0);
    expect(await countAnswered()).toBe(MANY_SESSIONS);
    const { text } = server.process.stderr;
    expect(text).toContain(`Waiting for ${MANY_SESSIONS} connections to complete`);
    expect(text.split("graceful shutdown completed")).toHaveLength(2);
  });

  test("cuts what is left in both after the close timeout, and ends with 1", async () => {
    const { server } = await rig.start(["--incoming_connection_close_timeout=1"]);
    const countAnswered = await sleep(await rig.logInMany(server.port), 30);
    expect(await server.stop()).toBe(1);
    expect(await countAnswered()).toBe(0);
    expect(server.process.stderr.text).toContain(
      `Server shutdown Timeout: ${MANY_SESSIONS} active connections will be cut`,
    );
  });

  test("cuts everything in both at a second signal", async () => {
    const { server } = await rig.start();
    const countAnswered = await sleep(await rig.logInMany(server.port), 30);
    server.process.signal("SIGTERM");
    await Bun.sleep(300);
    expect(await server.stop()).toBe(1);
    expect(await countAnswered()).toBe(0);
  });

  testUnless(
    missingLinux,
    "stops both before a byte of a poison record has left, whichever reads it",
    async () => {
      const record = Buffer.from(await makePoisonRecord(rig.keys)).toString("hex");
      const readers = new Set<number>();
      for (let round = 0; round < 30 && readers.size < 2; round++) {
        const { server, metricsPort } = await rig.start(["--poison_shutdown_enable"]);
        const reader = await rig.logIn(server.port);
        readers.add((await readConnections(metricsPort, 0)) === 1 ? 0 : 1);
        const others = await rig.logInMany(server.port);
        reader.send(message("Q", `SELECT 'neighbour' AS a, '\\x${record}'::bytea AS b\0`));
        const received = await reader.untilClosed();
        expect(received.filter(({ type }) => type === "D")).toEqual([]);
        expect(Buffer.concat(received.map(({ raw }) => raw)).includes("neighbour")).toBe(false);
        expect(await server.process.exited).toBe(1);
        await Promise.all(others.map((client) => client.untilClosed()));
        expect(server.process.stderr.text.split("detected poison record, exit")).toHaveLength(2);
      }
      expect(readers.size).toBe(2);
    },
  );
});
