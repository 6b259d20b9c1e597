/** What is asked of the database, and whether the answers are right. */

import postgres from "postgres";
import { createAcrastruct } from "../../src/writer/mod.ts";
import type { PostgresServer } from "../../test/harness/postgres.ts";
import { encodeQuery } from "./load.ts";
import type { Target } from "./targets.ts";

/** One kind of query over one table. */
export interface Workload {
  readonly name: string;
  readonly table: "plain" | "sealed";
  readonly rowsPerTransaction: number;
  readonly queries: readonly Uint8Array[];
}

const TABLE_ROWS = 1000;
const SCAN_ROWS = 100;
const LONG_SCAN_ROWS = 10_000;
const VALUE_LENGTH = 64;

function makeWorkload(table: Workload["table"], rows: number): Workload {
  const queries: Uint8Array[] = [];
  // A stride that is prime to the size visits every start once, in no simple order.
  for (let count = 0; count < TABLE_ROWS; count++) {
    const first = 1 + ((count * 379) % (TABLE_ROWS - rows + 1));
    queries.push(
      encodeQuery(
        `SELECT id, data FROM ${table} WHERE id BETWEEN ${first} AND ${first + rows - 1}`,
      ),
    );
  }
  const kind = rows === 1 ? "point" : `${rows} rows`;
  return { name: `${kind}, ${table}`, table, rowsPerTransaction: rows, queries };
}

export const WORKLOADS: readonly Workload[] = [
  makeWorkload("plain", 1),
  makeWorkload("sealed", 1),
  makeWorkload("plain", SCAN_ROWS),
  makeWorkload("sealed", SCAN_ROWS),
  {
    name: "10000 rows, plain",
    table: "plain",
    rowsPerTransaction: LONG_SCAN_ROWS,
    queries: [
      encodeQuery(`SELECT id, data FROM plain, generate_series(1, ${LONG_SCAN_ROWS / TABLE_ROWS})`),
    ],
  },
];

/** The value of a row before it was sealed. */
function plaintextOf(id: number): Buffer {
  return Buffer.alloc(VALUE_LENGTH, `value ${id} of the benchmark, `);
}

/** Fills both tables with the same values, plain and as AcraStructs. */
export async function fillTables(database: PostgresServer, publicKey: Uint8Array): Promise<void> {
  const sql = postgres(database.url(), { max: 1 });
  try {
    for (const table of ["plain", "sealed"]) {
      const rows = Array.from({ length: TABLE_ROWS }, (_, index) => {
        const value = plaintextOf(index + 1);
        const data = table === "plain" ? value : Buffer.from(createAcrastruct(value, publicKey));
        return { id: index + 1, data };
      });
      await sql`CREATE TABLE ${sql(table)} (id integer PRIMARY KEY, data bytea)`;
      await sql`INSERT INTO ${sql(table)} ${sql(rows)}`;
    }
    await sql`VACUUM ANALYZE`;
  } finally {
    await sql.end();
  }
}

/**
 * Reads both tables through a target and compares every value.
 * @throws Error when one is not as it must be there.
 */
export async function checkAnswers(target: Target): Promise<void> {
  const sql = postgres({
    host: "127.0.0.1",
    port: target.port,
    user: "postgres",
    database: "postgres",
    max: 1,
  });
  try {
    for (const table of ["plain", "sealed"]) {
      const rows = await sql<{ id: number; data: Buffer }[]>`
        SELECT id, data FROM ${sql(table)} ORDER BY id`;
      const readable = table === "plain" || target.decrypts;
      const right = rows.filter(({ id, data }) => plaintextOf(id).equals(data) === readable);
      if (rows.length !== TABLE_ROWS || right.length !== TABLE_ROWS) {
        throw new Error(
          `${target.name}: ${right.length} of ${TABLE_ROWS} rows of table ${table} are right`,
        );
      }
    }
  } finally {
    await sql.end();
  }
}
