/**
 * Shows the product in one minute: rows that lie encrypted in a real PostgreSQL are read in plaintext
 * through `acra connector` and `acra server`, and nowhere else. `scripts/demo` starts it.
 *
 * However it ends, no process and no temporary file is left behind.
 */

import { chmodSync, chownSync, cpSync, readdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import postgres from "postgres";
import { createAcrastruct } from "../src/writer/mod.ts";
import {
  type AcraKeys,
  type AcraProcess,
  makeKeys,
  makePoisonRecord,
  startAcraConnector,
  startAcraServer,
} from "../test/harness/acra.ts";
import { type PostgresServer, startPostgres } from "../test/harness/postgres.ts";
import { runProcess } from "../test/harness/process.ts";
import { makeTemporaryFolder, reapNow } from "../test/harness/reaper.ts";
import { findUnprivilegedUser, isReachableByOthers, type User } from "../test/harness/users.ts";
import { runScript } from "./run_script.ts";

const ROOT = resolve(import.meta.dir, "..");
const BINARY = join(ROOT, "dist", "acra");
const CLIENT_ID = "demo_client";
const PORTS = { database: 54_320, server: 9393, connector: 9494 };
const CARDS = [
  { holder: "Ada Lovelace", number: "4929 1273 4096 1111" },
  { holder: "Grace Hopper", number: "4556 7375 8689 9855" },
];
/** Hexadecimal digits of a ciphertext that are shown. */
const SHOWN_DIGITS = 44;

/** A row as any client of the database gets it. */
interface Row {
  readonly id: number;
  readonly holder: string;
  readonly card: Uint8Array;
}

function step(title: string, ...lines: readonly string[]): void {
  console.log(`\n${title}`);
  for (const line of lines) {
    console.log(`  ${line}`);
  }
}

function check(holds: boolean, claim: string): void {
  if (!holds) {
    throw new Error(`the demo did not show what it should: ${claim}`);
  }
}

async function build(): Promise<void> {
  const built = await runProcess([process.execPath, join(ROOT, "scripts", "build.ts")], {
    cwd: ROOT,
    timeoutMs: 120_000,
  });
  if (built.status !== 0) {
    throw new Error(`the build failed:\n${built.stderr}`);
  }
  step("One executable", built.stdout.trim());
  process.env["ACRA_BINARY"] = BINARY;
}

async function writeRows(database: PostgresServer, keys: AcraKeys): Promise<void> {
  const sql = postgres(database.url(), { max: 1 });
  try {
    await sql`CREATE TABLE cards (id integer PRIMARY KEY, holder text, card bytea)`;
    for (const [index, { holder, number }] of CARDS.entries()) {
      const card = Buffer.from(createAcrastruct(number, keys.storagePublicKey));
      await sql`INSERT INTO cards VALUES (${index + 1}, ${holder}, ${card})`;
    }
  } finally {
    await sql.end();
  }
}

async function plantPoison(database: PostgresServer, keys: AcraKeys): Promise<void> {
  const record = Buffer.from(await makePoisonRecord(keys));
  const sql = postgres(database.url(), { max: 1 });
  try {
    await sql`INSERT INTO cards VALUES (666, 'Nobody', ${record})`;
  } finally {
    await sql.end();
  }
}

async function readRows(url: string): Promise<Row[]> {
  const sql = postgres(url, { max: 1 });
  try {
    return await sql<Row[]>`SELECT id, holder, card FROM cards ORDER BY id`;
  } finally {
    await sql.end();
  }
}

/** A card as a reader sees it: text, or the start of a ciphertext. */
function describe(row: Row): string {
  const text = Buffer.from(row.card).toString("latin1");
  const shown = /^[\x20-\x7e]*$/.test(text)
    ? text
    : `\\x${Buffer.from(row.card).toString("hex").slice(0, SHOWN_DIGITS)}… (${row.card.length} bytes)`;
  return `${row.id} | ${row.holder.padEnd(12)} | ${shown}`;
}

/** The connector of a root-run demo is another user's: binary and keys must be readable for that one. */
function prepareConnector(keys: AcraKeys, user: User | null): { keys: AcraKeys; binary: string } {
  const folder = makeTemporaryFolder();
  chmodSync(folder, 0o711);
  const connectorFolder = join(folder, "acra-connector");
  cpSync(keys.connectorFolder, connectorFolder, { recursive: true });
  let binary = BINARY;
  if (user !== null) {
    const files = readdirSync(connectorFolder).map((name) => join(connectorFolder, name));
    for (const path of [connectorFolder, ...files]) {
      chownSync(path, user.uid, user.gid);
    }
    if (!isReachableByOthers(BINARY)) {
      binary = join(folder, "acra");
      cpSync(BINARY, binary);
      chmodSync(binary, 0o755);
    }
  }
  return { keys: { ...keys, connectorFolder }, binary };
}

async function startConnector(keys: AcraKeys, server: AcraProcess): Promise<AcraProcess> {
  const user = findUnprivilegedUser();
  const { keys: ownKeys, binary } = prepareConnector(keys, user);
  const connector = await startAcraConnector(server, {
    keys: ownKeys,
    user,
    command: [binary],
    ownerCheck: user !== null,
    preferredPort: PORTS.connector,
  });
  step(
    `Acra connector, a process of its own, on 127.0.0.1:${connector.port}`,
    `keys: ${ownKeys.connectorFolder}`,
    user === null
      ? "started with --user_check_disable: application and connector are the same user here"
      : `runs as user ${user.name}: it refuses applications that run as the same user`,
  );
  return connector;
}

/** The alarm of the server: a script that leaves a line in a file. */
function writeAlarmScript(): { script: string; log: string } {
  const folder = makeTemporaryFolder();
  const script = join(folder, "alarm.sh");
  const log = join(folder, "alarm.log");
  writeFileSync(script, `#!/bin/sh\necho "somebody read a poison record" >>'${log}'\n`);
  chmodSync(script, 0o755);
  return { script, log };
}

async function showAlarm(url: string, server: AcraProcess, log: string): Promise<void> {
  const rows = await readRows(url);
  const line = await server.process.stderr.waitFor("detected poison record, run script");
  const end = Date.now() + 5000;
  while (!(await Bun.file(log).exists()) && Date.now() < end) {
    await Bun.sleep(20);
  }
  const alarm = (await Bun.file(log).exists()) ? (await Bun.file(log).text()).trim() : "";
  check(alarm !== "", "the script of poison records ran");
  check(rows.length === CARDS.length + 1, "the other rows still arrive");
  step(
    "A poison record is planted, and somebody dumps the table through acra",
    `server's log:   ${line}`,
    `alarm's script: ${alarm}`,
    "with --poison_shutdown_enable the server would stop before a byte of that row is sent",
  );
}

function showRows(direct: readonly Row[], through: readonly Row[], connector: AcraProcess): void {
  step("What a thief sees: the database read directly", ...direct.map(describe));
  step(
    `What the application sees: the same rows on port ${connector.port}`,
    ...through.map(describe),
  );
  for (const [index, { number }] of CARDS.entries()) {
    check(
      direct[index] !== undefined && !Buffer.from(direct[index].card).includes(number),
      "the database holds no plaintext",
    );
    check(
      Buffer.from(through[index]?.card ?? []).toString() === number,
      "the application reads plaintext",
    );
  }
}

function showCommands(database: PostgresServer, connector: AcraProcess, keep: boolean): void {
  const psql = (port: number) =>
    `PGOPTIONS='-c bytea_output=escape' psql -At '${database.url({ port })}' -c 'SELECT * FROM cards'`;
  step(
    keep
      ? "Everything keeps running. To poke at it by hand:"
      : "Everything is stopped now. To poke at it by hand, start `scripts/demo --keep`: it ends with lines like",
    psql(database.port),
    psql(connector.port),
  );
}

async function run(keep: boolean): Promise<void> {
  console.log("Acra: rows that only the application can read");
  await build();
  const database = await startPostgres({ preferredPort: PORTS.database });
  step(`A fresh PostgreSQL on 127.0.0.1:${database.port}`, "it knows nothing of keys");
  const keys = await makeKeys(CLIENT_ID);
  step("Keys, encrypted at rest with a master key", `server: ${keys.serverFolder}`);
  await writeRows(database, keys);
  step(
    "Two rows written straight into the database with the writer",
    "the writer holds the public storage key only",
  );
  const alarm = writeAlarmScript();
  const server = await startAcraServer(database, {
    keys,
    preferredPort: PORTS.server,
    flags: [`--poison_run_script_file=${alarm.script}`],
  });
  step(
    `Acra server, in front of the database, on 127.0.0.1:${server.port}`,
    "connectors reach it by Secure Session only",
  );
  const connector = await startConnector(keys, server);
  const url = database.url({ port: connector.port });
  showRows(await readRows(database.url()), await readRows(url), connector);
  await plantPoison(database, keys);
  await showAlarm(url, server, alarm.log);
  if (!keep) {
    await reapNow();
  }
  showCommands(database, connector, keep);
  if (keep) {
    console.log("\nCtrl-C ends all of it and removes every file.");
    await new Promise(() => setInterval(() => {}, 60_000));
  }
}

const USAGE = `scripts/demo [--keep]

Shows the product in a minute, with a real PostgreSQL.

  --keep   leaves everything running until Ctrl-C`;

let interrupted = false;
for (const [signal, status] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
  ["SIGHUP", 129],
] as const) {
  process.on(signal, () => {
    interrupted = true;
    void reapNow().finally(() => process.exit(status));
  });
}

await runScript(USAGE, async () => {
  const { values } = parseArgs({ options: { keep: { type: "boolean", default: false } } });
  try {
    await run(values.keep);
  } catch (error) {
    // What an interrupted step complains of is of no interest.
    if (!interrupted) {
      throw error;
    }
  } finally {
    await reapNow();
  }
});
