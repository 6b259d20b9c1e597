/**
 * Writes one value under the key of a zone, or prints the table. The server opens a value only when
 * the id of its zone stands before it in the row. See README.md beside this file.
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

const USAGE = `Usage: bun example_with_zone.ts --data TEXT [options]                  write one row in a new zone
       bun example_with_zone.ts --print [--zone_id ID] [options]      print all rows

  --zone_id ID          zone to read; with --public_key the zone to write into
  --public_key FILE     public key of the zone, ID_zone.pub; without it a new zone is asked for
  --zone_api URL        the HTTP API, through the connector (http://127.0.0.1:9191)
${COMMON_USAGE}

Options can be given in the environment: EXAMPLE_ZONE_API, EXAMPLE_HOST, EXAMPLE_PORT,
EXAMPLE_DB_NAME, EXAMPLE_DB_USER, EXAMPLE_DB_PASSWORD.`;

const API_TIMEOUT_MS = 10_000;

/** What is needed to write into a zone. */
interface Zone {
  readonly id: string;
  readonly publicKey: Uint8Array;
}

/** A row of `test_example_with_zone`; `data` is the value, or its AcraStruct. */
interface ExampleRow {
  readonly id: number;
  readonly data: Uint8Array;
  readonly raw_data: string;
  readonly zone: Uint8Array;
}

const { values: options } = parseArgs({
  options: {
    ...COMMON_OPTIONS,
    zone_id: { type: "string" },
    public_key: { type: "string" },
    zone_api: { type: "string", default: fromEnvironment("ZONE_API", "http://127.0.0.1:9191") },
  },
});

/** The zone to write into: the one that was named, or a new one. */
async function chooseZone(): Promise<Zone> {
  const { zone_id: id, public_key: file } = options;
  if (id !== undefined && file !== undefined) {
    return { id, publicKey: await readFile(file) };
  }
  if (id !== undefined || file !== undefined) {
    throw new Error("to write into a zone that exists, give both --zone_id and --public_key");
  }
  return await getNewZone();
}

/** Asks the server for a new zone; it keeps the private key. */
async function getNewZone(): Promise<Zone> {
  const answer = await fetch(new URL("/getNewZone", options.zone_api), {
    signal: AbortSignal.timeout(API_TIMEOUT_MS),
  });
  if (!answer.ok) {
    throw new Error(`no zone came from ${options.zone_api}: status ${answer.status}`);
  }
  const zone = JSON.parse(await answer.text());
  return { id: zone.id, publicKey: Buffer.from(zone.public_key, "base64") };
}

async function writeRow(sql: Sql, zone: Zone, text: string): Promise<void> {
  const id = randomId();
  const data = createAcrastruct(text, zone.publicKey, zone.id);
  await sql`
    INSERT INTO test_example_with_zone (id, zone, data, raw_data)
    VALUES (${id}, ${Buffer.from(zone.id)}, ${data}, ${text})`;
  console.log(`wrote row ${id}: ${data.length} protected bytes in zone ${zone.id}`);
}

/** Only `zoneId` is named before the data; the row's own zone stands last. */
async function printRows(sql: Sql, zoneId: string | undefined): Promise<void> {
  const named = zoneId === undefined ? null : Buffer.from(zoneId);
  const rows = await sql<ExampleRow[]>`
    SELECT ${named}::bytea, id, data, raw_data, zone FROM test_example_with_zone ORDER BY id`;
  console.log("id | zone | data | raw_data");
  for (const { id, data, raw_data, zone } of rows) {
    console.log(`${id} | ${show(zone)} | ${show(data)} | ${raw_data}`);
  }
}

await runExample(options, USAGE, async (sql) => {
  await sql`
    CREATE TABLE IF NOT EXISTS test_example_with_zone
      (id INTEGER PRIMARY KEY, zone BYTEA, data BYTEA, raw_data TEXT)`;
  if (options.data !== undefined) {
    await writeRow(sql, await chooseZone(), options.data);
  }
  if (options.print) {
    await printRows(sql, options.zone_id);
  }
});
