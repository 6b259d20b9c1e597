/** Listeners that come back after somebody removed the files of their sockets; real processes. */

import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, unlinkSync, writeFileSync } from "node:fs";
import net from "node:net";
import { join } from "node:path";
import { type AcraKeys, acraCommand, makeKeys } from "../harness/acra.ts";
import { ScriptedDatabase, startupMessage } from "../harness/pg_peers.ts";
import { type RunningProcess, startProcess } from "../harness/process.ts";
import { makeTemporaryFolder } from "../harness/reaper.ts";

const PATIENCE_MS = 20_000;

let keys: AcraKeys;
let database: ScriptedDatabase;
const started: RunningProcess[] = [];

beforeAll(async () => {
  keys = await makeKeys();
  database = await ScriptedDatabase.start(() => []);
});

afterEach(async () => {
  await Promise.all(started.splice(0).map((daemon) => daemon.stop()));
});

afterAll(async () => {
  await database.stop();
});

async function start(path: string, ...args: string[]): Promise<RunningProcess> {
  const daemon = startProcess(
    [...acraCommand(), ...args, `--incoming_connection_string=unix://${path}`],
    { env: { ACRA_MASTER_KEY: keys.masterKey } },
  );
  started.push(daemon);
  await untilServed(path);
  return daemon;
}

function startServer(path: string): Promise<RunningProcess> {
  return start(
    path,
    "server",
    "--db_host=127.0.0.1",
    `--db_port=${database.port}`,
    "--acraconnector_transport_encryption_disable",
    `--client_id=${keys.clientId}`,
    `--keys_dir=${keys.serverFolder}`,
  );
}

/** Whether a login gets an answer. */
async function isServed(path: string): Promise<boolean> {
  const socket = net.connect(path);
  const { promise, resolve } = Promise.withResolvers<boolean>();
  socket.on("error", () => resolve(false));
  socket.on("close", () => resolve(false));
  socket.on("data", () => resolve(true));
  socket.write(startupMessage({ user: "u" }));
  const served = await promise;
  socket.destroy();
  return served;
}

async function untilServed(path: string): Promise<void> {
  const end = Date.now() + PATIENCE_MS;
  while (!(await isServed(path))) {
    expect(Date.now()).toBeLessThan(end);
    await Bun.sleep(50);
  }
}

describe("a listener at a unix socket", () => {
  test("comes back within seconds, in server and connector, when its file was removed", async () => {
    const folder = makeTemporaryFolder();
    const [near, far] = [join(folder, "connector.sock"), join(folder, "server.sock")];
    const server = await startServer(far);
    const connector = await start(
      near,
      "connector",
      `--client_id=${keys.clientId}`,
      `--acraserver_connection_string=unix://${far}`,
      "--acraserver_transport_encryption_disable",
      "--user_check_disable",
      `--keys_dir=${keys.connectorFolder}`,
    );
    unlinkSync(near);
    unlinkSync(far);
    await untilServed(far);
    await untilServed(near);
    for (const daemon of [server, connector]) {
      expect(daemon.stderr.text).toContain("The socket's file was removed or replaced");
      expect(await daemon.stop()).toBe(0);
    }
    expect([existsSync(near), existsSync(far)]).toEqual([false, false]);
  });

  test("waits for a file of somebody else to go, and comes back at a SIGHUP then", async () => {
    const path = join(makeTemporaryFolder(), "server.sock");
    const server = await startServer(path);
    unlinkSync(path);
    writeFileSync(path, "precious");
    await server.stderr.waitFor("Can't listen, trying again until it works");
    unlinkSync(path);
    server.signal("SIGHUP");
    await server.stderr.waitFor("Listening again");
    expect(await isServed(path)).toBe(true);
    expect(server.running).toBe(true);
  });
});
