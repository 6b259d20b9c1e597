/** `acra server --workers`: several threads that are one server to everybody outside (issue 5). */

import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createAcrastruct } from "../../src/writer/mod.ts";
import { acraCommand } from "../harness/acra.ts";
import { missingLinux } from "../harness/missing.ts";
import { message } from "../harness/pg_peers.ts";
import { findFreePort } from "../harness/ports.ts";
import { runProcess } from "../harness/process.ts";
import { makeTemporaryFolder } from "../harness/reaper.ts";
import { testUnless } from "../harness/skip.ts";
import {
  findCut,
  MANY_SESSIONS,
  readConnections,
  readSeries,
  untilTrue,
  WorkerRig,
  type WorkerServer,
} from "../harness/worker_rig.ts";

let rig: WorkerRig;

beforeAll(async () => {
  rig = await WorkerRig.open();
}, 60_000);

afterEach(() => rig.clear());
afterAll(() => rig.close());

describe("acra server with several workers", () => {
  testUnless(
    missingLinux,
    "spreads sessions over them, and shows the sum of what they count",
    async () => {
      const { server, metricsPort } = await rig.start();
      const all = await rig.logInMany(server.port);
      const secret = new TextEncoder().encode("secret");
      const sealed = Buffer.from(await createAcrastruct(secret, rig.keys.storagePublicKey));
      for (const client of all) {
        client.send(message("Q", `SELECT '\\x${sealed.toString("hex")}'::bytea\0`));
        const row = (await client.until("Z")).find(({ type }) => type === "D");
        expect(row?.body.toString("latin1")).toContain(Buffer.from(secret).toString("hex"));
      }
      const first = await readConnections(metricsPort, 0);
      const second = await readConnections(metricsPort, 1);
      expect(first).toBeGreaterThan(0);
      expect(second).toBeGreaterThan(0);
      expect(first + second).toBe(MANY_SESSIONS);
      for (const series of [
        'acraserver_sessions{connection_type="db"}',
        'acraserver_connections_total{connection_type="db"}',
        'acra_acrastruct_decryptions_total{status="success"}',
        'acraserver_leg_latency_seconds_count{leg="database",step="connect"}',
      ]) {
        expect({ series, value: await readSeries(metricsPort, series) }).toEqual({
          series,
          value: MANY_SESSIONS,
        });
      }
      expect(await readSeries(metricsPort, "acraserver_workers")).toBe(2);
      expect(await readSeries(metricsPort, "acraserver_version_minor")).toBe(82);
    },
  );

  testUnless(
    missingLinux,
    "help each other: one session's long answer is opened by both, in its order and byte for byte",
    async () => {
      const { server, metricsPort } = await rig.start();
      const [client] = await rig.logInMany(server.port, 1);
      const secret = new TextEncoder().encode("secret");
      const sealed = Buffer.from(await createAcrastruct(secret, rig.keys.storagePublicKey));
      const count = 4000;
      client?.send(
        message(
          "Q",
          `SELECT n, '\\x${sealed.toString("hex")}'::bytea FROM generate_series(1, ${count}) n\0`,
        ),
      );
      const rows = (await client?.until("Z"))?.filter(({ type }) => type === "D") ?? [];
      expect(rows).toHaveLength(count);
      const wanted = `\\x${Buffer.from(secret).toString("hex")}`;
      const right = rows.filter(({ body }, index) => {
        const number = String(index + 1);
        return body.subarray(6).toString("latin1") === number + lengthOf(wanted) + wanted;
      });
      expect(right).toHaveLength(count);
      expect(await readSeries(metricsPort, "acraserver_data_keys_ahead_total")).toBeGreaterThan(0);
    },
  );

  testUnless(
    missingLinux,
    "says once what it says at its start, in which a port may be left to the system",
    async () => {
      const { server, metricsPort } = await rig.start(["--workers=3", "-v"], {
        listen: "--incoming_connection_string=tcp://127.0.0.1:0/",
      });
      const line = await server.process.stderr.waitFor("Start listening connections");
      const port = Number(/127\.0\.0\.1:(\d+)/.exec(line)?.[1]);
      expect(port).toBeGreaterThan(0);
      await rig.logInMany(port);
      expect(await readConnections(metricsPort, 2)).toBeGreaterThan(0);
      const { text } = server.process.stderr;
      for (const said of ["Keystore init OK", "Configuring transport", "Start listening conn"]) {
        expect(text.split(said)).toHaveLength(2);
      }
      expect(text.split("Handle new connection")).toHaveLength(MANY_SESSIONS + 1);
    },
  );

  testUnless(
    missingLinux,
    "lets in exactly as many sessions as the limit says, and has room again",
    async () => {
      const limit = 7;
      const { server, metricsPort } = await rig.start([`--incoming_connection_limit=${limit}`]);
      const inside = await rig.tryMany(server.port, 3 * MANY_SESSIONS);
      expect(inside).toHaveLength(limit);
      for (const client of inside) {
        client.close();
      }
      await untilTrue(
        async () =>
          (await readSeries(metricsPort, 'acraserver_sessions{connection_type="db"}')) === 0,
      );
      expect(await rig.tryMany(server.port, 3 * MANY_SESSIONS)).toHaveLength(limit);
    },
  );

  test("leaves no room for a second program at its address", async () => {
    const { server } = await rig.start();
    const address = `--incoming_connection_string=tcp://127.0.0.1:${server.port}/`;
    for (const workers of ["--workers=2", "--workers=1"]) {
      const second = await runProcess(
        [...acraCommand(), "server", ...rig.flags, address, workers],
        { cwd: "/", env: { ACRA_MASTER_KEY: rig.keys.masterKey } },
      );
      expect(second.status).toBe(1);
      expect(second.stderr).toContain("the address is already in use");
    }
    await rig.logInMany(server.port);
  });

  test("refuses a number of workers that cannot be", async () => {
    for (const count of ["-1", "257"]) {
      const { status, stderr } = await runProcess(
        [...acraCommand(), "server", ...rig.flags, `--workers=${count}`],
        { cwd: "/", env: { ACRA_MASTER_KEY: rig.keys.masterKey } },
      );
      expect(status).toBe(1);
      expect(stderr).toContain("error: --workers: has to be a number of threads, at most 256");
    }
  });

  testUnless(missingLinux, "says that one worker has to do for a unix socket", async () => {
    const socket = join(makeTemporaryFolder(), "acra.sock");
    const { server, metricsPort } = await rig.start([], {
      listen: `--incoming_connection_string=unix://${socket}`,
    });
    expect(server.process.stderr.text).toContain(
      "One worker serves all connections: a unix socket cannot be shared among several",
    );
    expect(await readSeries(metricsPort, "acraserver_workers")).toBe(1);
  });
});

interface ConfiguredServer extends WorkerServer {
  /** Writes the file and has the server read it; answers the line that says how that went. */
  reload(...lines: string[]): Promise<string>;
}

/** A server that listens where its file says. */
async function startConfigured(port: number): Promise<ConfiguredServer> {
  const config = join(makeTemporaryFolder(), "server.yaml");
  const listen = `incoming_connection_string: tcp://127.0.0.1:${port}/`;
  writeFileSync(config, `${listen}\n`);
  const started = await rig.start([], { listen: `--config_file=${config}` });
  const { stderr, signal } = started.server.process;
  const reload = async (...lines: string[]): Promise<string> => {
    writeFileSync(config, `${lines.join("\n")}\n`);
    const before = stderr.lines.length;
    const findOutcome = () =>
      stderr.lines.slice(before).find((line) => /process forked|old one stays/.test(line));
    signal("SIGHUP");
    await untilTrue(() => findOutcome() !== undefined);
    return findOutcome() ?? "";
  };
  return { ...started, reload };
}

describe("acra server with two workers, when settings change", () => {
  test("lets them hold for new sessions of both, and refuses wrong ones in both", async () => {
    const port = await findFreePort();
    const listen = `incoming_connection_string: tcp://127.0.0.1:${port}/`;
    const { reload, server } = await startConfigured(port);
    expect(await reload(listen, "incoming_connection_limit: 3")).toContain("process forked");
    expect(await rig.tryMany(port)).toHaveLength(3);
    expect(await reload(listen, "incoming_connection_limit: -1")).toContain("old one stays");
    expect(await rig.tryMany(port)).toHaveLength(0);
    expect(await reload(listen, "v: true")).toContain("process forked");
    await rig.logInMany(port);
    const handled = () => server.process.stderr.text.split("Handle new connection").length - 1;
    await untilTrue(() => handled() === MANY_SESSIONS);
    expect(await reload(listen)).toContain("process forked");
    await rig.logInMany(port);
    expect(handled()).toBe(MANY_SESSIONS);
  });

  testUnless(
    missingLinux,
    "moves both to another address, and stays where it is when that one is taken",
    async () => {
      const [port, other] = [await findFreePort(), await findFreePort()];
      const at = (address: string) => `incoming_connection_string: ${address}`;
      const { reload, server } = await startConfigured(port);
      const stay = await rig.logInMany(port);

      const taken = at(`tcp://127.0.0.1:${rig.database.port}/`);
      expect(await reload(taken)).toContain("old one stays");
      await rig.logInMany(port);

      expect(await reload(at(`tcp://127.0.0.1:${other}/`))).toContain("process forked");
      await rig.logInMany(other);
      expect(await rig.tryMany(port)).toHaveLength(0);

      expect(await reload(at(`tcp://0.0.0.0:${other}/`))).toContain("process forked");
      await rig.logInMany(other);

      const socket = join(makeTemporaryFolder(), "acra.sock");
      expect(await reload(at(`unix://${socket}`))).toContain("process forked");
      expect(server.process.stderr.text).toContain("One worker serves all new connections");
      expect(await rig.tryMany(other)).toHaveLength(0);

      expect(await reload(at(`tcp://127.0.0.1:${port}/`))).toContain("process forked");
      await rig.logInMany(port);
      expect(await findCut(stay)).toEqual([]);
    },
  );
});

describe("acra server of which a worker crashes", () => {
  testUnless(
    missingLinux,
    "goes on with the other, gives its places back, and starts another one",
    async () => {
      const crash = join(makeTemporaryFolder(), "crash");
      const limit = 12;
      const { server, metricsPort } = await rig.start([`--incoming_connection_limit=${limit}`], {
        command: [process.execPath, join(import.meta.dir, "../harness/rigged_main.ts")],
        env: { ACRA_TEST_CRASH: crash },
      });
      const all = await rig.logInMany(server.port, limit);
      const lost = await readConnections(metricsPort, 1);
      const total = 'acraserver_connections_total{connection_type="db"}';
      expect(await readSeries(metricsPort, total)).toBe(limit);
      writeFileSync(crash, "");
      await server.process.stderr.waitFor("A worker ended, another one takes its place");
      rmSync(crash);
      expect(await findCut(all)).toHaveLength(lost);
      await untilTrue(async () => (await readSeries(metricsPort, "acraserver_workers")) === 2);
      expect(await readSeries(metricsPort, "acraserver_worker_restarts_total")).toBe(1);
      expect(await readSeries(metricsPort, total)).toBe(limit);
      expect(await rig.tryMany(server.port)).toHaveLength(lost);
      expect(await server.stop()).toBe(0);
    },
  );
});

describe("acra connector with several workers", () => {
  testUnless(
    missingLinux,
    "spreads sessions over them, within one limit, and ends them all",
    async () => {
      const limit = 15;
      const { server, metricsPort } = await rig.startConnector(await rig.startForConnectors(), [
        "--workers=2",
        `--incoming_connection_limit=${limit}`,
      ]);
      const inside = await rig.tryMany(server.port, 2 * MANY_SESSIONS);
      expect(inside).toHaveLength(limit);
      expect(await findCut(inside)).toEqual([]);
      const first = await readConnections(metricsPort, 0, "acraconnector");
      expect(first).toBeGreaterThan(0);
      expect(await readConnections(metricsPort, 1, "acraconnector")).toBe(limit - first);
      expect(await readSeries(metricsPort, "acraconnector_workers")).toBe(2);
      const ended = server.stop();
      for (const client of inside) {
        client.close();
      }
      expect(await ended).toBe(0);
    },
  );

  test("has one unless it is told otherwise", async () => {
    const { server, metricsPort } = await rig.startConnector(await rig.startForConnectors(), [
      ...(process.env["ACRA_TEST_WORKERS"] === undefined ? [] : ["--workers=1"]),
    ]);
    await rig.logInMany(server.port);
    expect(await readConnections(metricsPort, 0, "acraconnector")).toBe(MANY_SESSIONS);
    expect(await readSeries(metricsPort, "acraconnector_workers")).toBe(1);
  });
});

/** A text's length as it stands before it in a row. */
function lengthOf(text: string): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(text.length);
  return bytes.toString("latin1");
}
