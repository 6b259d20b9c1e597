/** More connections than there is room for: real processes with few files to open, hundreds of peers. */

import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import net from "node:net";
import {
  type AcraKeys,
  type AcraProcess,
  acraCommand,
  makeKeys,
  startAcraConnector,
  startAcraServer,
  untilReady,
} from "../harness/acra.ts";
import { askPath } from "../harness/http_text.ts";
import { missingLinux } from "../harness/missing.ts";
import {
  message,
  RawClient,
  READY_IDLE,
  ScriptedDatabase,
  startupMessage,
} from "../harness/pg_peers.ts";
import { findFreePort } from "../harness/ports.ts";
import { testUnless } from "../harness/skip.ts";

const RAW = "--acraconnector_transport_encryption_disable";
const OPEN_FILES = 128;
/** What two workers make of 128 open files. */
const SESSIONS = 35;
const CANCEL_KEY = [0, 0, 0, 16, 4, 210, 22, 46, 0, 0, 0, 1, 0, 0, 0, 2];
/** The kernel counts in hundredths of a second. */
const TICKS_PER_SECOND = 100;

let keys: AcraKeys;
let database: ScriptedDatabase;
const started: AcraProcess[] = [];
let sockets: net.Socket[] = [];

beforeAll(async () => {
  keys = await makeKeys();
  database = await ScriptedDatabase.start(() => [message("C", "SELECT 0\0"), READY_IDLE]);
});

afterEach(async () => {
  for (const socket of sockets) {
    socket.destroy();
  }
  sockets = [];
  await Promise.all(started.splice(0).map((daemon) => daemon.stop()));
});

afterAll(async () => {
  await database.stop();
});

/** The command that starts acra with few files to open. */
function crampedCommand(): string[] {
  return ["sh", "-c", `ulimit -n ${OPEN_FILES}; exec "$@"`, "sh", ...acraCommand()];
}

async function startServer(
  flags: readonly string[],
  command: readonly string[] = acraCommand(),
): Promise<AcraProcess> {
  const server = await startAcraServer(
    { host: "127.0.0.1", port: database.port },
    { keys, command, flags: [RAW, `--client_id=${keys.clientId}`, ...flags] },
  );
  started.push(server);
  return server;
}

/** Opens connections that stay, whatever the other side makes of them. */
async function flood(port: number, count: number): Promise<void> {
  const opened = Array.from({ length: count }, () => {
    const socket = net.connect(port, "127.0.0.1");
    sockets.push(socket);
    socket.on("error", () => {});
    return new Promise<void>((resolve) => {
      socket.once("connect", resolve);
      socket.once("close", () => resolve());
    });
  });
  await Promise.all(opened);
}

async function logIn(port: number): Promise<RawClient> {
  const client = await RawClient.login(port);
  sockets.push(client.socket);
  return client;
}

async function works(client: RawClient): Promise<void> {
  client.send(message("Q", "select\0"));
  await client.until("Z");
}

/** What a client hears that is one too many. */
async function refusal(port: number): Promise<string> {
  const client = await RawClient.connect(port);
  client.send(startupMessage({ user: "u" }));
  return (await client.untilClosed())
    .map(({ type, body }) => `${type}${body.toString("latin1")}`)
    .join("|");
}

const TOO_MANY = "ESFATAL\0VFATAL\0C53300\0Msorry, too many clients already\0\0";

/** CPU time that the process used in a second, as a part of that second. */
async function measureLoad(pid: number): Promise<number> {
  const before = readTicks(pid);
  await Bun.sleep(1_000);
  return (readTicks(pid) - before) / TICKS_PER_SECOND;
}

function readTicks(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "latin1")
    .replace(/^.*\) /s, "")
    .split(" ");
  return Number(fields[11]) + Number(fields[12]);
}

function countDescriptors(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

async function untilTrue(condition: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + 10_000;
  while (!(await condition())) {
    expect(Date.now()).toBeLessThan(end);
    await Bun.sleep(20);
  }
}

describe("acra server at its limit", () => {
  test("refuses a session in the words of PostgreSQL, carries a cancel, and has room again", async () => {
    const metricsPort = await findFreePort();
    const server = await startServer([
      "--incoming_connection_limit=2",
      `--prometheus_metrics_address=tcp://127.0.0.1:${metricsPort}`,
    ]);
    const first = await logIn(server.port);
    const second = await logIn(server.port);
    expect(await refusal(server.port)).toBe(TOO_MANY);
    expect(await refusal(server.port)).toBe(TOO_MANY);
    await untilTrue(() => database.connections === 2);
    const cancel = net.connect(server.port, "127.0.0.1");
    sockets.push(cancel);
    cancel.write(Uint8Array.from(CANCEL_KEY));
    await untilTrue(() => database.connections === 3);
    expect(await refusal(server.port)).toBe(TOO_MANY);
    await works(first);
    await works(second);
    const metrics = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
    expect(metrics).toContain(
      'acraserver_connections_refused_total{connection_type="db",reason="limit"} 3\n',
    );
    await untilReady(metricsPort);
    expect(server.process.stderr.text.match(/Too many connections/g)).toHaveLength(1);
    first.close();
    const third = await retryLogin(server.port);
    await works(third);
  });

  test("does not count cancels and connections that say nothing as sessions", async () => {
    const server = await startServer(["--incoming_connection_limit=1"]);
    await flood(server.port, 3);
    for (let count = 0; count < 3; count++) {
      const cancel = net.connect(server.port, "127.0.0.1");
      sockets.push(cancel);
      cancel.write(Uint8Array.from(CANCEL_KEY));
    }
    await works(await logIn(server.port));
    expect(await refusal(server.port)).toBe(TOO_MANY);
  });

  testUnless(
    missingLinux,
    "stays quiet and serves on when hundreds come and files are few",
    async () => {
      const server = await startServer([], crampedCommand());
      const early = await logIn(server.port);
      await flood(server.port, 300);
      await Bun.sleep(300);
      expect(await measureLoad(server.process.pid)).toBeLessThan(0.5);
      expect(countDescriptors(server.process.pid)).toBeLessThan(OPEN_FILES - 8);
      await works(early);
      expect(server.process.stderr.text).toContain("waiting to be refused");
      for (const socket of sockets.splice(0).filter((socket) => socket !== early.socket)) {
        socket.destroy();
      }
      await works(await retryLogin(server.port));
      const load = await measureLoad(server.process.pid);
      expect(load).toBeLessThan(0.5);
    },
  );

  testUnless(
    missingLinux,
    "lets in as many sessions as its files allow, and tells the rest",
    async () => {
      const apiPort = await findFreePort();
      const server = await startServer(
        [
          "--workers=2",
          "-v",
          "--http_api_enable",
          `--incoming_connection_api_string=tcp://127.0.0.1:${apiPort}/`,
        ],
        crampedCommand(),
      );
      await server.process.stderr.waitFor(`At most ${SESSIONS} sessions`);
      const clients: RawClient[] = [];
      for (let count = 0; count < SESSIONS; count++) {
        clients.push(await logIn(server.port));
      }
      expect(await refusal(server.port)).toBe(TOO_MANY);
      for (const client of clients) {
        await works(client);
      }
      expect(await askPath(apiPort, "/getConfig")).toContain("200 OK");
      await flood(apiPort, 50);
      expect(await measureLoad(server.process.pid)).toBeLessThan(0.5);
      await works(clients[0] as RawClient);
      clients[0]?.close();
      await works(await retryLogin(server.port));
    },
  );

  testUnless(
    missingLinux,
    "says when it was asked for more sessions than its files allow",
    async () => {
      const server = await startServer(
        ["--workers=2", "--incoming_connection_limit=1000"],
        crampedCommand(),
      );
      expect(server.process.stderr.text).toContain(
        `--incoming_connection_limit=1000 needs more open files than the ${OPEN_FILES} that are allowed: ${SESSIONS} sessions at most`,
      );
    },
  );
});

describe("acra connector at its limit", () => {
  testUnless(
    missingLinux,
    "closes who is one too many, stays quiet, and has room again",
    async () => {
      const server = await startAcraServer({ host: "127.0.0.1", port: database.port }, { keys });
      const connector = await startAcraConnector(server, { keys, command: crampedCommand() });
      started.push(connector, server);
      const early = await logIn(connector.port);
      await flood(connector.port, 300);
      await Bun.sleep(500);
      expect(await measureLoad(connector.process.pid)).toBeLessThan(0.5);
      await works(early);
      expect(connector.process.stderr.text).toContain("Too many connections");
      for (const socket of sockets.splice(0).filter((socket) => socket !== early.socket)) {
        socket.destroy();
      }
      await works(await retryLogin(connector.port));
    },
  );
});

/** Logs in as soon as there is room. */
async function retryLogin(port: number): Promise<RawClient> {
  const end = Date.now() + 20_000;
  for (;;) {
    try {
      return await logIn(port);
    } catch (error) {
      if (Date.now() > end) {
        throw error;
      }
      await Bun.sleep(50);
    }
  }
}
