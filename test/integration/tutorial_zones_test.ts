/** The zone section of docs/tutorial.md: its commands, in its order, save for the ports. */

import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { type AcraKeys, acraCommand, makeKeys } from "../harness/acra.ts";
import { findFreePort, waitForListener } from "../harness/ports.ts";
import { type PostgresServer, startPostgres } from "../harness/postgres.ts";
import { type RunningProcess, runProcess, startProcess } from "../harness/process.ts";
import { makeTemporaryFolder } from "../harness/reaper.ts";
import { missingProgram, testUnless } from "../harness/skip.ts";

const ROOT = join(import.meta.dir, "../..");
const END_OF_BLOCK = "-- end of block --";
const READABLE =
  /^id \| zone \| data \| raw_data\n\d+ \| DDDDDDDD\w{16} \| 4929 1273 4096 1111 \| /;
const UNREADABLE =
  /^id \| zone \| data \| raw_data\n\d+ \| DDDDDDDD\w{16} \| \\x22222222222222225545[0-9a-f]+… \(208 bytes\) \| /;

const [serverBlock = "", connectorBlock = "", ...blocks] = readZoneBlocks();
const missing = missingProgram("curl");

let database: PostgresServer;
let folder: string;
let keys: AcraKeys;
const daemons: RunningProcess[] = [];
const ports = { database: 0, server: 0, serverApi: 0, connector: 0, connectorApi: 0 };

beforeAll(async () => {
  if (missing !== null) {
    return;
  }
  [keys, database] = await Promise.all([makeKeys("testclientid"), startPostgres()]);
  folder = makeTemporaryFolder();
  symlinkSync(keys.folder, join(folder, ".acrakeys"));
  symlinkSync(join(ROOT, "examples"), join(folder, "examples"));
  ports.database = database.port;
  for (const name of ["server", "serverApi", "connector", "connectorApi"] as const) {
    ports[name] = await findFreePort();
  }
  await startDaemon(serverBlock, ports.server, [
    `--incoming_connection_port=${ports.server}`,
    `--incoming_connection_api_string=tcp://127.0.0.1:${ports.serverApi}/`,
  ]);
  await startDaemon(connectorBlock, ports.connectorApi, [
    `--acraserver_connection_port=${ports.server}`,
    `--acraserver_api_connection_port=${ports.serverApi}`,
    `--incoming_connection_port=${ports.connector}`,
    `--incoming_connection_api_port=${ports.connectorApi}`,
  ]);
});

afterAll(async () => {
  for (const daemon of daemons.toReversed()) {
    await daemon.stop();
  }
  await database?.stop();
});

test("the tutorial has the commands of the zone walk", () => {
  expect(serverBlock).toStartWith("acra server ");
  expect(connectorBlock).toStartWith("acra connector ");
  expect(blocks).toHaveLength(6);
});

testUnless(missing, "the zone walk shows what the tutorial says", async () => {
  const [made, written, right, other, unknown, none] = await runBlocks();
  expect(made).toMatch(/^\{"id":"DDDDDDDD[a-zA-Z]{16}","public_key":"VUVDMgAAAC[\w+/]{50}"\}\s*$/);
  expect(written).toMatch(/^wrote row \d+: 208 protected bytes in zone DDDDDDDD[a-zA-Z]{16}\n$/);
  expect(right).toMatch(READABLE);
  expect(none).toMatch(UNREADABLE);
  expect(other).toBe(none ?? "");
  expect(unknown).toBe(none ?? "");
});

/** The commands between the heading "Zones" and the next one. */
function readZoneBlocks(): string[] {
  const tutorial = readFileSync(join(ROOT, "docs/tutorial.md"), "utf8");
  const [section = ""] = tutorial.match(/^## \d+\. Zones\n.*?(?=^## )/ms) ?? [];
  return [...section.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, commands = ""]) => commands);
}

/** Runs the blocks in one shell, as a reader would; answers what each of them printed. */
async function runBlocks(): Promise<string[]> {
  const script = blocks.map((block) => `${block}echo '${END_OF_BLOCK}'`).join("\n");
  const { status, stdout, stderr } = await runProcess(["sh", "-euc", withPorts(script)], {
    cwd: folder,
    env: {
      EXAMPLE_DB_NAME: database.database,
      EXAMPLE_DB_USER: database.user,
      EXAMPLE_DB_PASSWORD: database.password,
      EXAMPLE_ZONE_API: `http://127.0.0.1:${ports.connectorApi}`,
    },
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  return stdout.split(END_OF_BLOCK).map((printed) => printed.trimStart());
}

async function startDaemon(block: string, port: number, flags: string[]): Promise<void> {
  const [, ...args] = withPorts(block.replaceAll("\\\n", "")).trim().split(/\s+/);
  const daemon = startProcess([...acraCommand(), ...args, ...flags], {
    cwd: folder,
    env: { ACRA_MASTER_KEY: keys.masterKey },
  });
  daemons.push(daemon);
  const ended = daemon.exited.then(() => {
    throw new Error(`acra ${args[0]} ended before it was ready:\n${daemon.stderr.text}`);
  });
  await Promise.race([waitForListener(port), ended]);
  ended.catch(() => {});
}

/** The ports of the tutorial may be taken on this machine. */
function withPorts(commands: string): string {
  const instead: Readonly<Record<string, number>> = {
    "5432": ports.database,
    "9494": ports.connector,
    "9191": ports.connectorApi,
  };
  return commands.replace(/\b(?:5432|9494|9191)\b/g, (port) => `${instead[port]}`);
}
