/** What systemd hears from server and connector: real processes, a real datagram socket. */

import { afterAll, afterEach, beforeAll, describe, expect } from "bun:test";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  type AcraKeys,
  type AcraProcess,
  makeKeys,
  makePoisonRecord,
  startAcraConnector,
  startAcraServer,
} from "../harness/acra.ts";
import { missingLinux, PYTHON } from "../harness/missing.ts";
import { NotifySocket } from "../harness/notify_socket.ts";
import {
  dataRow,
  message,
  RawClient,
  ROW_ANSWER_END,
  rowDescription,
  ScriptedDatabase,
} from "../harness/pg_peers.ts";
import { makeTemporaryFolder } from "../harness/reaper.ts";
import { testUnless } from "../harness/skip.ts";

const missing = missingLinux ?? (PYTHON === "" ? "no python3 on PATH" : null);

let keys: AcraKeys;
let record: Uint8Array;
let database: ScriptedDatabase;
const started: { stop(): Promise<unknown> }[] = [];

beforeAll(async () => {
  keys = await makeKeys();
  record = await makePoisonRecord(keys);
  database = await ScriptedDatabase.start(({ body }) => {
    if (body.toString().startsWith("begin")) {
      return [message("C", "BEGIN\0"), message("Z", "T")];
    }
    const hex = Buffer.from(`\\x${Buffer.from(record).toString("hex")}`);
    return [Buffer.concat([rowDescription([0]), dataRow([hex]), ROW_ANSWER_END])];
  });
});

afterEach(async () => {
  await Promise.all(started.splice(0).map((part) => part.stop()));
});

afterAll(async () => {
  await database.stop();
});

async function bind(address = join(makeTemporaryFolder(), "notify")): Promise<NotifySocket> {
  const socket = await NotifySocket.bind(address);
  started.push({ stop: () => socket.close() });
  return socket;
}

async function startServer(env: Record<string, string>, ...flags: string[]): Promise<AcraProcess> {
  const server = await startAcraServer(
    { host: "127.0.0.1", port: database.port },
    {
      keys,
      env,
      flags: [
        "--acraconnector_transport_encryption_disable",
        `--client_id=${keys.clientId}`,
        ...flags,
      ],
    },
  );
  started.push(server);
  return server;
}

describe("acra server under systemd", () => {
  testUnless(missing, "tells when it is ready, reloads and stops, in that order", async () => {
    const socket = await bind();
    const server = await startServer(
      { NOTIFY_SOCKET: socket.address },
      "--incoming_connection_close_timeout=7",
    );
    const ready = await socket.waitFor("READY");
    expect(ready.fields).toEqual({
      READY: "1",
      STATUS: `Listening on tcp://127.0.0.1:${server.port}/`,
    });
    server.process.signal("SIGHUP");
    const reloading = await socket.waitFor("RELOADING");
    expect(Number(reloading.fields["MONOTONIC_USEC"])).toBeGreaterThan(ready.at);
    expect(Number(reloading.fields["MONOTONIC_USEC"])).toBeLessThanOrEqual(reloading.at);
    await server.process.stderr.waitFor("forked to PID");
    const client = await RawClient.login(server.port);
    client.send(message("Q", "begin\0"));
    await client.until("Z");
    const stopped = server.process.stop("SIGTERM");
    const stopping = await socket.waitFor("STOPPING");
    expect(stopping.fields["EXTEND_TIMEOUT_USEC"]).toBe("17000000");
    expect(stopping.fields["STATUS"]).toBe("Waiting for 1 connections");
    client.close();
    await stopped;
    const states = socket.notifications.map(({ fields }) => Object.keys(fields)[0]);
    expect(states).toEqual(["READY", "RELOADING", "READY", "STOPPING"]);
  });

  testUnless(
    missing,
    "is ready again, with its old settings, after a reload that failed",
    async () => {
      const socket = await bind();
      const config = join(makeTemporaryFolder(), "server.yaml");
      writeFileSync(config, "");
      const server = await startServer(
        { NOTIFY_SOCKET: socket.address },
        `--config_file=${config}`,
      );
      await socket.waitFor("READY");
      writeFileSync(config, "keystore_cache_size: -7\n");
      server.process.signal("SIGHUP");
      await server.process.stderr.waitFor("the old one stays in force");
      await socket.waitFor("RELOADING");
      while (socket.notifications.length < 3) {
        await Bun.sleep(10);
      }
      expect(socket.notifications[2]?.fields["READY"]).toBe("1");
    },
  );

  testUnless(
    missing,
    "pings the watchdog at an abstract name, and not while it hangs",
    async () => {
      const socket = await bind(`@acra-test-${process.pid}-${Date.now()}`);
      const server = await startServer({
        NOTIFY_SOCKET: socket.address,
        WATCHDOG_USEC: "200000",
      });
      await socket.waitFor("WATCHDOG");
      while (socket.pings < 5) {
        await Bun.sleep(20);
      }
      server.process.signal("SIGSTOP");
      await Bun.sleep(300);
      const before = socket.pings;
      await Bun.sleep(1_000);
      expect(socket.pings).toBe(before);
      server.process.signal("SIGCONT");
      while (socket.pings <= before) {
        await Bun.sleep(20);
      }
    },
  );

  testUnless(missing, "leaves a watchdog alone that waits for another process", async () => {
    const socket = await bind();
    await startServer({
      NOTIFY_SOCKET: socket.address,
      WATCHDOG_USEC: "100000",
      WATCHDOG_PID: "1",
    });
    await socket.waitFor("READY");
    await Bun.sleep(500);
    expect(socket.pings).toBe(0);
  });

  testUnless(
    missing,
    "keeps the socket of systemd and its own secrets from the poison script",
    async () => {
      const socket = await bind();
      const folder = makeTemporaryFolder();
      const [script, trace] = [join(folder, "alarm.sh"), join(folder, "trace")];
      writeFileSync(script, `#!/bin/sh\nenv > "${trace}.new"\nmv "${trace}.new" "${trace}"\n`, {
        mode: 0o755,
      });
      const server = await startServer(
        {
          NOTIFY_SOCKET: socket.address,
          WATCHDOG_USEC: "9000000",
          WATCHDOG_PID: "1",
          OF_THE_OPERATOR: "yes",
        },
        `--poison_run_script_file=${script}`,
      );
      const client = await RawClient.login(server.port);
      client.send(message("Q", "select\0"));
      await client.until("Z");
      while (!existsSync(trace)) {
        await Bun.sleep(20);
      }
      const environment = readFileSync(trace, "utf8");
      expect(environment).toContain("OF_THE_OPERATOR=yes");
      expect(environment).not.toMatch(/^(NOTIFY_SOCKET|WATCHDOG_|ACRA_MASTER_KEY)/m);
    },
  );

  testUnless(missingLinux, "starts and stops when nobody is at the socket", async () => {
    const server = await startServer({ NOTIFY_SOCKET: "/nowhere/notify", WATCHDOG_USEC: "1000" });
    expect(await server.stop()).toBe(0);
  });
});

describe("acra connector under systemd", () => {
  testUnless(missing, "tells when it is ready and when it stops", async () => {
    const socket = await bind();
    const server = await startAcraServer({ host: "127.0.0.1", port: database.port }, { keys });
    started.push(server);
    const connector = await startAcraConnector(server, {
      keys,
      env: { NOTIFY_SOCKET: socket.address },
    });
    const ready = await socket.waitFor("READY");
    expect(ready.fields["STATUS"]).toBe(`Listening on tcp://127.0.0.1:${connector.port}/`);
    expect(await connector.stop()).toBe(0);
    expect((await socket.waitFor("STOPPING")).fields["STOPPING"]).toBe("1");
  });
});
