/**
 * Writes one protected value straight into PostgreSQL, or prints the table as the database or as
 * `acra connector` shows it. See README.md beside this file for the walk through.
 */

import { randomInt } from "node:crypto";
import { readFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import postgres, { type Sql } from "postgres";
// In a project of your own: import { createAcrastruct } from "acra-writer";
import { createAcrastruct } from "../../src/writer/mod.ts";

const USAGE = `Usage: bun example_without_zone.ts --data TEXT [options]     write one row
       bun example_without_zone.ts --print [options]         print all rows

  --public_key FILE     public storage key, CLIENT_storage.pub
  --data TEXT           value to protect and write
  --print               print the rows of the table
  --host, --port        the database, or the connector (127.0.0.1, 5432)
  --db_name, --db_user, --db_password

Every option can be given in the environment: EXAMPLE_PUBLIC_KEY, EXAMPLE_HOST, EXAMPLE_PORT,
EXAMPLE_DB_NAME, EXAMPLE_DB_USER, EXAMPLE_DB_PASSWORD.`;

/** A row of `test_example_without_zone`; `data` is the value, or its AcraStruct. */
interface ExampleRow {
  readonly id: number;
  readonly data: Uint8Array;
  readonly raw_data: string;
}

function fromEnvironment(name: string, fallback: string): string {
  return process.env[`EXAMPLE_${name}`] ?? fallback;
}

function readOptions() {
  const { values } = parseArgs({
    options: {
      public_key: {
        type: "string",
        default: fromEnvironment("PUBLIC_KEY", ".acrakeys/acra-writer/testclientid_storage.pub"),
      },
      data: { type: "string" },
      print: { type: "boolean", default: false },
      host: { type: "string", default: fromEnvironment("HOST", "127.0.0.1") },
      port: { type: "string", default: fromEnvironment("PORT", "5432") },
      db_name: { type: "string", default: fromEnvironment("DB_NAME", "acra") },
      db_user: { type: "string", default: fromEnvironment("DB_USER", "test") },
      db_password: { type: "string", default: fromEnvironment("DB_PASSWORD", "test") },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  return values;
}

async function writeRow(sql: Sql, publicKeyFile: string, text: string): Promise<void> {
  const publicKey = await readFile(publicKeyFile);
  const id = randomInt(1, 2 ** 31);
  const data = createAcrastruct(text, publicKey);
  await sql`
    INSERT INTO test_example_without_zone (id, data, raw_data)
    VALUES (${id}, ${data}, ${text})`;
  console.log(`wrote row ${id}: ${data.length} protected bytes`);
}

async function printRows(sql: Sql): Promise<void> {
  const rows = await sql<ExampleRow[]>`
    SELECT id, data, raw_data FROM test_example_without_zone ORDER BY id`;
  console.log("id | data | raw_data");
  for (const { id, data, raw_data } of rows) {
    console.log(`${id} | ${show(data)} | ${raw_data}`);
  }
}

/** Text when it is text; otherwise the beginning of the bytes as PostgreSQL writes them. */
function show(data: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(data);
  } catch {
    return `\\x${Buffer.from(data).toString("hex", 0, 24)}… (${data.length} bytes)`;
  }
}

async function main(): Promise<void> {
  const options = readOptions();
  if (options.help || (options.data === undefined && !options.print)) {
    console.log(USAGE);
    return;
  }
  const sql = postgres({
    host: options.host,
    port: Number(options.port),
    database: options.db_name,
    username: options.db_user,
    password: options.db_password,
    max: 1,
    onnotice: () => {},
  });
  try {
    await sql`
      CREATE TABLE IF NOT EXISTS test_example_without_zone
        (id INTEGER PRIMARY KEY, data BYTEA, raw_data TEXT)`;
    if (options.data !== undefined) {
      await writeRow(sql, options.public_key, options.data);
    }
    if (options.print) {
      await printRows(sql);
    }
  } finally {
    await sql.end();
  }
}

await main();
