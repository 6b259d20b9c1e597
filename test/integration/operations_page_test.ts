/** The keys, the rotation and the backup of docs/operations.md, followed by a shell; a real server notices. */

import { afterAll, beforeAll, expect } from "bun:test";
import { join } from "node:path";
import { type AcraProcess, acraCommand, layAcra, startAcraServer } from "../harness/acra.ts";
import { findFreePort } from "../harness/ports.ts";
import { type PostgresServer, startPostgres } from "../harness/postgres.ts";
import { runProcess } from "../harness/process.ts";
import { makeTemporaryFolder } from "../harness/reaper.ts";
import { readShellBlocks, Shell } from "../harness/shell_blocks.ts";
import { missingProgram, testUnless } from "../harness/skip.ts";

const blocks = readShellBlocks(join(import.meta.dir, "../../docs/operations.md"));
const missing = missingProgram("tar");

let folder: string;
let shell: Shell;
let database: PostgresServer;
let server: AcraProcess;
let masterKey = "";

beforeAll(async () => {
  database = await startPostgres();
  folder = makeTemporaryFolder();
  const bin = layAcra(makeTemporaryFolder());
  shell = new Shell({ cwd: folder, env: { PATH: `${bin}:${process.env["PATH"]}` } });
});

afterAll(async () => {
  await shell?.stop();
  await server?.stop();
  await database?.stop();
});

function commandsOf(section: string): string[] {
  return blocks.filter((block) => block.section === section).map(({ commands }) => commands);
}

/** Whether connector and server prove themselves to each other, as the doctor sees it. */
async function isTrusted(): Promise<boolean> {
  const { stdout } = await runProcess(
    [
      ...[...acraCommand(), "doctor", "connector", "--client_id=webshop", "--json"],
      `--keys_dir=${join(folder, "keys/acra-connector")}`,
      `--acraserver_connection_string=tcp://127.0.0.1:${server.port}/`,
      `--incoming_connection_string=tcp://127.0.0.1:${await findFreePort()}/`,
    ],
    { cwd: "/", env: { ACRA_MASTER_KEY: masterKey } },
  );
  return JSON.parse(stdout).OK;
}

testUnless(missing, "the section on keys makes keys that hold", async () => {
  const [commands = ""] = commandsOf("Keys");
  expect(await shell.run(commands)).toContain("keys/acra-server, for the server: 3 keys, no fault");
  masterKey = await shell.run('printf %s "$ACRA_MASTER_KEY"');
  const serverFolder = join(folder, "keys/acra-server");
  const keys = {
    ...{ clientId: "webshop", folder, storagePublicKey: new Uint8Array() },
    masterKey,
  };
  server = await startAcraServer(database, {
    keys: { ...keys, serverFolder, connectorFolder: join(folder, "keys/acra-connector") },
  });
  expect(await isTrusted()).toBe(true);
});

testUnless(missing, "a rotated transport key is trusted once the server has read it", async () => {
  const [atConnector = "", atServer = "", ...more] = commandsOf("Rotation");
  expect(more).toEqual([]);
  await shell.run(atConnector);
  expect(await isTrusted()).toBe(false);
  await shell.run(atServer);
  server.process.signal("SIGHUP");
  const end = Date.now() + 10_000;
  while (!(await isTrusted()) && Date.now() < end) {
    await Bun.sleep(100);
  }
  expect(await isTrusted()).toBe(true);
});

testUnless(missing, "a backup of the keys comes back without a fault", async () => {
  const [make = "", restore = "", ...more] = commandsOf("Backup");
  expect(more).toEqual([]);
  expect(await shell.run(make)).toBe("");
  expect(await shell.run(restore)).toContain("for the server: 3 keys, no fault");
});
