/** Poison records in the running server: alarm, script, stop (G2). */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  type AcraKeys,
  type AcraProcess,
  makeKeys,
  makePoisonRecord,
  startAcraServer,
} from "../harness/acra.ts";
import {
  dataRow,
  message,
  RawClient,
  ROW_ANSWER_END,
  rowDescription,
  ScriptedDatabase,
} from "../harness/pg_peers.ts";
import { makeTemporaryFolder } from "../harness/reaper.ts";

const RAW = "--acraconnector_transport_encryption_disable";
let keys: AcraKeys;
let record: Uint8Array;
let database: ScriptedDatabase;
const running: AcraProcess[] = [];

beforeAll(async () => {
  keys = await makeKeys();
  record = await makePoisonRecord(keys);
  database = await ScriptedDatabase.start((received) => {
    const count = Number(received.body.toString().replace("\0", ""));
    const hex = Buffer.from(`\\x${Buffer.from(record).toString("hex")}`);
    const rows = Array.from({ length: count }, () => dataRow([Buffer.from("neighbour"), hex]));
    const first = dataRow([Buffer.from("earlier"), null]);
    return [Buffer.concat([rowDescription([0, 0]), first, ...rows, ROW_ANSWER_END])];
  });
});

afterAll(async () => {
  await Promise.all(running.map((server) => server.stop()));
  await database.stop();
});

async function start(flags: readonly string[]): Promise<AcraProcess> {
  const server = await startAcraServer(
    { host: "127.0.0.1", port: database.port },
    { keys, flags: [RAW, `--client_id=${keys.clientId}`, ...flags] },
  );
  running.push(server);
  return server;
}

/** A script that adds a line to a file each time it runs. */
function makeScript(): { readonly script: string; readonly runs: () => number } {
  const folder = makeTemporaryFolder();
  const script = join(folder, "alarm.sh");
  const trace = join(folder, "trace");
  writeFileSync(script, `#!/bin/sh\necho "$#" >> "${trace}"\n`, { mode: 0o755 });
  return {
    script,
    runs: () => (existsSync(trace) ? readFileSync(trace, "utf8").split("\n").length - 1 : 0),
  };
}

async function waitFor(condition: () => boolean): Promise<void> {
  for (let tries = 0; tries < 100 && !condition(); tries++) {
    await Bun.sleep(20);
  }
}

describe("acra server and poison records", () => {
  test("runs the script once for each record and forwards the record as it is", async () => {
    const { script, runs } = makeScript();
    const server = await start([`--poison_run_script_file=${script}`, "-v"]);
    const client = await RawClient.login(server.port);
    client.send(message("Q", "3\0"));
    const rows = (await client.until("Z")).filter(({ type }) => type === "D");
    expect(rows).toHaveLength(4);
    expect(rows[1]?.body.toString("latin1")).toContain(Buffer.from(record).toString("hex"));
    await waitFor(() => runs() >= 3);
    await Bun.sleep(100);
    expect(runs()).toBe(3);
    expect(server.process.stderr.text).toContain("Recognized poison record");
    client.close();
  });

  test("stops with status 1 before a byte of the row has left", async () => {
    const { script, runs } = makeScript();
    const server = await start(["--poison_shutdown_enable", `--poison_run_script_file=${script}`]);
    const client = await RawClient.login(server.port);
    const bystander = await RawClient.login(server.port);
    client.send(message("Q", "1\0"));
    const received = await client.untilClosed();
    expect(await server.process.exited).toBe(1);
    const bytes = Buffer.concat(received.map(({ raw }) => raw)).toString("latin1");
    expect(bytes).not.toContain("neighbour");
    expect(bytes).not.toContain("2222222222222222");
    await bystander.untilClosed();
    await waitFor(() => runs() >= 1);
    expect(runs()).toBe(1);
    expect(server.process.stderr.text).toContain("detected poison record, exit");
  });

  test("stops also when the script cannot be started", async () => {
    const server = await start([
      "--poison_shutdown_enable",
      "--poison_run_script_file=/nonexistent/alarm.sh",
    ]);
    const client = await RawClient.login(server.port);
    client.send(message("Q", "1\0"));
    const received = await client.untilClosed();
    expect(await server.process.exited).toBe(1);
    expect(received.some(({ raw }) => raw.includes("neighbour"))).toBe(false);
  });

  test("keeps quiet with --poison_detect_enable=false", async () => {
    const { script, runs } = makeScript();
    const server = await start([
      "--poison_detect_enable=false",
      "--poison_shutdown_enable",
      `--poison_run_script_file=${script}`,
      "-d",
    ]);
    const client = await RawClient.login(server.port);
    client.send(message("Q", "2\0"));
    const rows = (await client.until("Z")).filter(({ type }) => type === "D");
    expect(rows).toHaveLength(3);
    await Bun.sleep(100);
    expect(runs()).toBe(0);
    expect(server.process.stderr.text).not.toContain("oison record");
    client.close();
  });
});
