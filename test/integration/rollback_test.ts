/** `acra rollback` against a real PostgreSQL: what it writes or inserts is what was sealed (acra-formats.md §8.4). */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import postgres from "postgres";
import { sealAcraStruct } from "../../src/acrastruct/mod.ts";
import { FilesystemKeyMaker, type MadeZone, readMasterKey } from "../../src/keystore/mod.ts";
import { decodePublicKey, type PublicKey } from "../../src/themis/mod.ts";
import { type AcraKeys, acraCommand, makeKeys } from "../harness/acra.ts";
import { type PostgresServer, startPostgres } from "../harness/postgres.ts";
import { type FinishedProcess, runProcess, startProcess } from "../harness/process.ts";
import { makeTemporaryFolder } from "../harness/reaper.ts";

const MANY_ROWS = 2000;
const SCAN_ROWS = process.env["SLOW"] === "1" ? 1_000_000 : 200_000;
const MEMORY_LIMIT_KIB = 250 * 1024;

/** What a literal can trip over. */
const VALUES: readonly Uint8Array[] = [
  ...[
    "plain",
    "it's",
    "'; DROP TABLE plain; --",
    "back\\slash",
    "\\x41",
    "$1 $& $$",
    "й 漢 🦀",
    "\0",
    "\n\r\t",
  ],
].map((text) => new TextEncoder().encode(text));
const ALL_BYTES = Uint8Array.from({ length: 256 }, (_, byte) => byte);
const LARGE = new Uint8Array(300_000).fill(0x27);

let database: PostgresServer;
let keys: AcraKeys;
let recipient: PublicKey;
let sql: postgres.Sql;
let url: string;
const folder = makeTemporaryFolder();
const file = join(folder, "decrypted.sql");

beforeAll(async () => {
  [database, keys] = await Promise.all([startPostgres(), makeKeys()]);
  url = `${database.url({ database: await database.createDatabase() })}?sslmode=disable`;
  sql = postgres(url, { max: 1, onnotice: () => {} });
  recipient = decodePublicKey(keys.storagePublicKey);
  await sql.unsafe(`
    CREATE TABLE sealed (id serial, data bytea);
    CREATE TABLE many (id serial, data bytea);
    CREATE TABLE plain (id serial, data bytea);
    CREATE TABLE texts (id serial, data text CHECK (data <> 'it''s'));
  `);
  await fill("sealed", [...VALUES, ALL_BYTES, LARGE]);
  await fill(
    "many",
    Array.from({ length: MANY_ROWS }, (_, n) => new TextEncoder().encode(`row ${n}`)),
  );
});

afterAll(async () => {
  await sql.end();
  await database.stop();
});

async function fill(table: string, values: readonly Uint8Array[]): Promise<void> {
  await sql`INSERT INTO ${sql(table)} ${sql(values.map((value) => ({ data: sealAcraStruct(value, recipient) })))}`;
}

interface Run {
  readonly select?: string;
  readonly insert?: string;
  readonly connection?: string;
  readonly flags?: readonly string[];
  readonly env?: Record<string, string>;
}

function commandOf(run: Run): string[] {
  return [
    ...acraCommand(),
    "rollback",
    "--postgresql_enable",
    `--client_id=${keys.clientId}`,
    `--keys_dir=${keys.serverFolder}`,
    `--connection_string=${run.connection ?? url}`,
    `--select=${run.select ?? "SELECT data FROM sealed ORDER BY id"}`,
    `--insert=${run.insert ?? "INSERT INTO plain (data) VALUES ($1);"}`,
    `--output_file=${file}`,
    ...(run.flags ?? []),
  ];
}

async function rollback(run: Run = {}): Promise<FinishedProcess> {
  return await runProcess(commandOf(run), {
    env: { ACRA_MASTER_KEY: keys.masterKey, ...run.env },
    cwd: folder,
    timeoutMs: 600_000,
  });
}

/** What the table of plaintext holds, after it was emptied and `work` was done. */
async function plainAfter(work: () => Promise<unknown>, table = "plain"): Promise<Uint8Array[]> {
  await sql`TRUNCATE ${sql(table)}`;
  await work();
  const rows = await sql`SELECT data FROM ${sql(table)} ORDER BY id`;
  return rows.map((row) => Uint8Array.from(row["data"]));
}

async function runFile(): Promise<void> {
  await sql.unsafe(readFileSync(file, "utf8"));
}

describe("the file", () => {
  test.each([[[]], [["--escape"]]])("restores every value, with %p", async (flags) => {
    chmodSync(folder, 0o755);
    writeFileSync(file, "old content\n".repeat(1000), { mode: 0o644 });
    const { status, stdout, stderr } = await rollback({ flags });
    expect({ status, stdout }).toEqual({ status: 0, stdout: "" });
    expect(stderr).toContain("Rows decrypted: 11, skipped: 0");
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(await plainAfter(runFile)).toEqual([...VALUES, ALL_BYTES, LARGE]);
  });

  test("has the lines of the original", async () => {
    await rollback({ select: "SELECT data FROM sealed WHERE id = 2" });
    expect(readFileSync(file, "utf8")).toBe(
      "INSERT INTO plain (data) VALUES (E'\\\\x69742773');\n",
    );
  });

  test("is the same after a run that was killed and another one", async () => {
    const many = { select: "SELECT data FROM many ORDER BY id" };
    await rollback(many);
    const whole = readFileSync(file);
    rmSync(file);
    const victim = startProcess(commandOf(many), { env: { ACRA_MASTER_KEY: keys.masterKey } });
    while (!existsSync(file) || statSync(file).size === 0) {
      await Bun.sleep(1);
    }
    await victim.stop("SIGKILL");
    const part = readFileSync(file);
    expect(part.length).toBeLessThan(whole.length);
    expect(part.equals(whole.subarray(0, part.length))).toBe(true);
    expect(part.at(-1)).toBe(0x0a);
    await rollback(many);
    expect(readFileSync(file).equals(whole)).toBe(true);
  });

  test("is the same whatever form the database gives bytea in", async () => {
    await rollback();
    const whole = readFileSync(file);
    await rollback({ connection: `${url}&bytea_output=escape` });
    expect(readFileSync(file).equals(whole)).toBe(true);
  });
});

describe("--execute", () => {
  const execute = ["--execute", "--output_file="];

  test("inserts every value", async () => {
    rmSync(file, { force: true });
    const found = await plainAfter(async () => {
      expect((await rollback({ flags: execute })).status).toBe(0);
    });
    expect(found).toEqual([...VALUES, ALL_BYTES, LARGE]);
    expect(existsSync(file)).toBe(false);
  });

  test("inserts into columns that are not bytea, as text", async () => {
    const select = "SELECT data FROM sealed WHERE id IN (1, 4, 7)";
    const insert = "INSERT INTO texts (data) VALUES ($1)";
    await plainAfter(() => rollback({ select, insert, flags: execute }), "texts");
    const rows = await sql`SELECT data FROM texts ORDER BY id`;
    expect(rows.map((row) => row["data"])).toEqual(["plain", "back\\slash", "й 漢 🦀"]);
  });

  test("inserts nothing when one insert is refused, and tells no value", async () => {
    const refused = {
      select: "SELECT data FROM sealed WHERE id < 3 ORDER BY id",
      insert: "INSERT INTO texts (data) VALUES ($1);",
      flags: ["--execute"],
    };
    const rows = await plainAfter(async () => {
      const { status, stdout, stderr } = await rollback(refused);
      expect(status).toBe(1);
      expect(stdout).toMatch(/^Can't execute the insert \(error message - .*texts_data_check/);
      expect(stderr).not.toContain("it's");
    }, "texts");
    expect(rows).toEqual([]);
    const insert = "INSERT INTO texts (id) VALUES ($1::text::integer);";
    const { status, stderr } = await rollback({ ...refused, insert });
    expect(status).toBe(1);
    expect(stderr).toContain("SQLSTATE 22P02");
    expect(stderr).not.toContain('"plain"');
  });

  test("refuses binary plaintext for columns that are not bytea", async () => {
    const insert = "INSERT INTO texts (data) VALUES ($1);";
    const { status, stderr } = await rollback({ insert, flags: ["--execute"] });
    expect(status).toBe(1);
    expect(stderr).toContain("a plaintext is not UTF-8, and the column is not bytea");
  });

  test("inserts all or nothing when it is killed", async () => {
    const many = { select: "SELECT data FROM many ORDER BY id", flags: ["--execute"] };
    rmSync(file, { force: true });
    const found = await plainAfter(async () => {
      const victim = startProcess(commandOf(many), { env: { ACRA_MASTER_KEY: keys.masterKey } });
      while (!existsSync(file) || statSync(file).size === 0) {
        await Bun.sleep(1);
      }
      await victim.stop("SIGKILL");
    });
    expect(found).toEqual([]);
    const again = await plainAfter(() => rollback(many));
    expect(again.length).toBe(MANY_ROWS);
    expect(await plainAfter(runFile)).toEqual(again);
  });
});

describe("rows that do not open", () => {
  test("are named, counted and skipped, and the status is 1", async () => {
    const select = `
      SELECT CASE id WHEN 2 THEN NULL WHEN 3 THEN '\\x00'::bytea
                     WHEN 4 THEN set_byte(data, length(data) - 1, get_byte(data, length(data) - 1) # 1)
                     ELSE data END
      FROM sealed WHERE id < 7 ORDER BY id`;
    const { status, stderr } = await rollback({ select });
    expect(status).toBe(1);
    for (const row of [2, 3, 4]) {
      expect(stderr).toContain(`Can't decrypt acrastruct in row with number ${row}`);
    }
    expect(stderr).toContain("Rows decrypted: 3, skipped: 3: the result is not complete");
    expect(await plainAfter(runFile)).toEqual([0, 4, 5].map((at) => VALUES[at] ?? ALL_BYTES));
  });
});

test("any statement that gives rows will do", async () => {
  await sql`CREATE PROCEDURE pick(INOUT data bytea) LANGUAGE sql AS 'SELECT data FROM sealed WHERE id = 2'`;
  for (const select of [
    "CALL pick(NULL);",
    "WITH one AS (SELECT * FROM sealed WHERE id = 2) SELECT data FROM one;",
    "DELETE FROM many WHERE id = (SELECT id FROM sealed WHERE id = 2) RETURNING (SELECT data FROM sealed WHERE id = 2)",
  ]) {
    const { stderr } = await rollback({ select });
    expect(stderr).toContain("Rows decrypted: 1, skipped: 0");
    expect(readFileSync(file, "utf8")).toContain("x69742773");
  }
});

describe("failures", () => {
  test("the wrong number of columns, with and without rows", async () => {
    for (const select of [
      "SELECT id, data FROM sealed",
      "SELECT id, data FROM sealed WHERE false",
      "SELECT",
    ]) {
      const { status, stdout } = await rollback({ select });
      expect(status).toBe(1);
      expect(stdout).toMatch(
        /^The select has the wrong number of columns \(error message - it has [02] in place of 1\)/,
      );
    }
  });

  test("an error in the middle of the rows keeps what was written, and is not taken for the end", async () => {
    const select = "SELECT data FROM many WHERE 1 / (1500 - id) IS NOT NULL";
    const { status, stderr } = await rollback({ select });
    expect(status).toBe(1);
    expect(stderr).toContain("error: Can't read rows: SQLSTATE 22012; ");
    expect(stderr).toContain("decrypted.sql is not complete");
    expect(readFileSync(file, "utf8").split("\n").length).toBeGreaterThan(1000);
  });

  test("a connection that is lost is a failure", async () => {
    const lost = rollback({ select: "SELECT data FROM many WHERE pg_sleep(0.005) IS NOT NULL" });
    const end = Date.now() + 8_000;
    let ended = 0;
    while (ended === 0 && Date.now() < end) {
      await Bun.sleep(100);
      const { count } = await sql`
        SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE application_name = 'acra-rollback' AND query LIKE '%pg_sleep%'`;
      ended = count;
    }
    expect(await lost).toMatchObject({
      status: 1,
      stderr: expect.stringContaining("Can't read rows"),
    });
  });

  test.each([
    [
      "while it inserts",
      "PgSleep",
      "SELECT data FROM many",
      "INSERT INTO plain (data) SELECT $1 FROM pg_sleep(0.02)",
    ],
    [
      "between two inserts",
      "ClientRead",
      "SELECT data FROM many WHERE pg_sleep(0.005) IS NOT NULL",
      "INSERT INTO plain (data) VALUES ($1)",
    ],
  ])("a connection that is lost %s takes all inserts back", async (_, waiting, select, insert) => {
    const kill = async () => {
      const { count } = await sql`
        SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE application_name = 'acra-rollback' AND wait_event = ${waiting}
          AND query LIKE 'INSERT INTO plain%'`;
      return count;
    };
    let end: FinishedProcess | null = null;
    const left = await plainAfter(async () => {
      const lost = rollback({ select, insert, flags: ["--execute"] });
      for (const latest = Date.now() + 8_000; Date.now() < latest && (await kill()) === 0; ) {
        await Bun.sleep(20);
      }
      end = await lost;
    });
    expect(end).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/^error: Can't execute the insert: /m),
    });
    expect(end).toMatchObject({ stderr: expect.not.stringContaining("TypeError") });
    expect(left).toEqual([]);
  });

  test("a database that refuses, in both forms of the connection string", async () => {
    const { host, port, user } = database;
    for (const connection of [
      `host=${host} port=${port} user=${user} password=wrong-secret dbname=postgres sslmode=disable`,
      `postgres://${user}:wrong-secret@${host}:${port}/postgres?sslmode=disable`,
    ]) {
      const { status, stderr } = await rollback({ connection });
      expect(status).toBe(1);
      expect(stderr).toContain(`error: Can't connect to the database on ${host}:${port}`);
      expect(stderr).not.toContain("wrong-secret");
    }
    const { stderr } = await rollback({ connection: url.replace("?sslmode=disable", "") });
    expect(stderr).toContain("sslmode=disable");
  });
});

test("zones: each row with the key of its zone, named in front of it", async () => {
  const masterKey = readMasterKey({ ACRA_MASTER_KEY: keys.masterKey });
  const maker = new FilesystemKeyMaker({ folder: keys.serverFolder, masterKey });
  const [one, other] = [maker.makeZone(), maker.makeZone()];
  const seal = (zone: MadeZone, text: string, context = zone.zoneId) => ({
    zone: zone.zoneId,
    data: sealAcraStruct(Buffer.from(text), zone.publicKey, Buffer.from(context)),
  });
  await sql`CREATE TABLE zoned (id serial, zone bytea, data bytea)`;
  await sql`INSERT INTO zoned ${sql([
    seal(one, "first"),
    seal(other, "second"),
    seal(one, "wrong context", other.zoneId),
    { ...seal(one, "wrong zone"), zone: other.zoneId },
    { ...seal(one, "no such zone"), zone: "DDDDDDDDaaaaaaaaaaaaaaaa" },
    { ...seal(one, "no path"), zone: "../../etc" },
    { ...seal(one, "no zone"), zone: null },
    seal(one, "last"),
  ])}`;
  const select = "SELECT zone, data FROM zoned ORDER BY id";
  const flags = ["--zonemode_enable", "--escape"];
  const { status, stderr } = await rollback({ select, flags });
  expect(status).toBe(1);
  expect(stderr).toContain("Rows decrypted: 3, skipped: 5");
  expect(readFileSync(file, "utf8").match(/'.*'/g)).toEqual(["'first'", "'second'", "'last'"]);
});

test("pairs, a unix socket and PGPASSWORD reach the database too", async () => {
  const { socketFolder, port, user, password } = database;
  const name = new URL(url).pathname.slice(1);
  const connection = `host=${socketFolder} port=${port} user=${user} dbname=${name}`;
  const { status } = await rollback({ connection, env: { PGPASSWORD: password } });
  expect(status).toBe(0);
});

test(`${SCAN_ROWS} rows need constant memory`, async () => {
  // Unless SLOW=1, one row in ten has to be opened: opening is what takes the time.
  const every = process.env["SLOW"] === "1" ? 1 : 10;
  const select = `SELECT CASE WHEN n % ${every} = 0 THEN data ELSE '\\x00' END
    FROM generate_series(1, ${SCAN_ROWS}) AS n, (SELECT data FROM sealed WHERE id = 1) AS one`;
  const child = startProcess(commandOf({ select }), { env: { ACRA_MASTER_KEY: keys.masterKey } });
  const started = performance.now();
  let peak = 0;
  const timer = setInterval(() => {
    try {
      const text = readFileSync(`/proc/${child.pid}/status`, "utf8");
      peak = Number(/VmHWM:\s*(\d+)/.exec(text)?.[1] ?? peak);
    } catch {
      // It has ended.
    }
  }, 50);
  await child.exited;
  clearInterval(timer);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(
    `rollback: ${SCAN_ROWS} rows in ${seconds} s, ${Math.round(peak / 1024)} MiB at most`,
  );
  expect(child.stderr.text).toContain(`Rows decrypted: ${SCAN_ROWS / every}`);
  expect(peak).toBeGreaterThan(0);
  expect(peak).toBeLessThan(MEMORY_LIMIT_KIB);
}, 600_000);
