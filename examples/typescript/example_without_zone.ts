/**
 * Writes one protected value straight into PostgreSQL, or prints the table as the database or as
 * `acra connector` shows it. See README.md beside this file for the walk through.
 */

import { readFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import type { Sql } from "postgres";
// In a project of your own: import { createAcrastruct } from "acra-writer";
import { createAcrastruct } from "../../src/writer/mod.ts";
import {
  COMMON_OPTIONS,
  COMMON_USAGE,
  fromEnvironment,
  randomId,
  runExample,
  show,
} from "./example_common.ts";

const USAGE = `Usage: bun example_without_zone.ts --data TEXT [options]     write one row
       bun example_without_zone.ts --print [options]         print all rows

  --public_key FILE     public storage key, CLIENT_storage.pub
${COMMON_USAGE}

Every option can be given in the environment: EXAMPLE_PUBLIC_KEY, EXAMPLE_HOST, EXAMPLE_PORT,
EXAMPLE_DB_NAME, EXAMPLE_DB_USER, EXAMPLE_DB_PASSWORD.`;

/** A row of `test_example_without_zone`; `data` is the value, or its AcraStruct. */
interface ExampleRow {
  readonly id: number;
  readonly data: Uint8Array;
  readonly raw_data: string;
}

async function writeRow(sql: Sql, publicKeyFile: string, text: string): Promise<void> {
  const publicKey = await readFile(publicKeyFile);
  const id = randomId();
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

const { values: options } = parseArgs({
  options: {
    ...COMMON_OPTIONS,
    public_key: {
      type: "string",
      default: fromEnvironment("PUBLIC_KEY", ".acrakeys/acra-writer/testclientid_storage.pub"),
    },
  },
});

await runExample(options, USAGE, async (sql) => {
  await sql`
    CREATE TABLE IF NOT EXISTS test_example_without_zone
      (id INTEGER PRIMARY KEY, data BYTEA, raw_data TEXT)`;
  if (options.data !== undefined) {
    await writeRow(sql, options.public_key, options.data);
  }
  if (options.print) {
    await printRows(sql);
  }
});
