/** What is asked of the database, and whether the answers are right. */

import postgres from "postgres";
import { LoadClient, type LoadResult } from "./load.ts";
import { PgbenchRunner } from "./pgbench.ts";
import { encodeQuery } from "./session.ts";
import { isSealed, plaintextOf, TABLES, type Table } from "./tables.ts";
import type { Target, TargetName } from "./targets.ts";

/** Something that can be asked for a while, again and again. */
export interface Runner {
  run(seconds: number): Promise<LoadResult>;
  close(): void;
}

/** One kind of work. */
export interface Workload {
  readonly name: string;
  /** Rows of an answer; 0 when they are not counted. */
  readonly rowsPerTransaction: number;
  /** How many of them are AcraStructs. */
  readonly openedPerTransaction: number;
  /** Measured on these targets only. */
  readonly targets: readonly TargetName[] | null;
  /** The table that is read, if it is one of ours. */
  readonly table: Table | null;
  /** Part of `--quick`. */
  readonly quick: boolean;
  /** @throws Error when an answer through the target is not as it must be there. */
  check(target: Target): Promise<void>;
  open(target: Target, connections: number): Promise<Runner>;
}

interface QueryPlan {
  readonly name: string;
  readonly table: Table;
  readonly rows: number;
  readonly sql: readonly string[];
  readonly connections?: number;
  readonly targets?: readonly TargetName[];
  readonly quick?: boolean;
}

/** Answers of about so many rows are compared, byte by byte. */
const CHECKED_ROWS = 200;
const CHECKED_QUERIES = 10;
const SCAN_ROWS = 100;
const LONG_SCAN_ROWS = 10_000;
const CLIENTS = [1, 4, 16, 64];
const ZONE_TARGETS: readonly TargetName[] = ["direct", "relay", "acra+zones"];
const CLIENT_TARGETS: readonly TargetName[] = ["direct", "relay", "acra"];
/** Everything but the zone mode, which has a workload of its own. */
const USUAL_TARGETS: readonly TargetName[] = [
  "direct",
  "pgbouncer",
  "relay",
  "acra",
  "acra+connector",
  "acra+tls",
  "original",
  "original+connector",
];

/** Queries for `rows` neighbouring rows each. */
function slices(table: Table, rows: number, columns = "id, data"): string[] {
  // A stride that is prime to the number of starts visits each of them once, in no simple order.
  return Array.from({ length: table.rows }, (_, count) => {
    const first = 1 + ((count * 379) % (table.rows - rows + 1));
    const last = first + rows - 1;
    return `SELECT ${columns} FROM ${table.name} WHERE id BETWEEN ${first} AND ${last}`;
  });
}

function queryWorkload(plan: QueryPlan): Workload {
  const queries = plan.sql.map(encodeQuery);
  const { table, rows } = plan;
  return {
    name: plan.name,
    rowsPerTransaction: rows,
    openedPerTransaction: table.sealedEvery > 0 ? rows / table.sealedEvery : 0,
    targets: plan.targets ?? USUAL_TARGETS,
    table,
    quick: plan.quick ?? false,
    check: (target) => checkAnswers(target, plan),
    open: async (target, connections) => {
      const client = await LoadClient.connect(target, plan.connections ?? connections);
      return {
        close: () => client.close(),
        run: async (seconds) => {
          const result = await client.run(queries, seconds);
          if (result.rows !== result.transactions * rows) {
            throw new Error(`${target.name}, ${plan.name}: ${result.rows} rows arrived`);
          }
          return result;
        },
      };
    },
  };
}

async function checkAnswers(target: Target, { name, table, rows, sql }: QueryPlan): Promise<void> {
  const client = postgres({
    host: "127.0.0.1",
    port: target.port,
    user: "postgres",
    database: "postgres",
    ssl: target.tls ? { rejectUnauthorized: false } : false,
    max: 1,
  });
  const queries = Math.min(CHECKED_QUERIES, Math.ceil(CHECKED_ROWS / rows));
  const opens = target.opens === (table.zones > 0 ? "zones" : "client");
  try {
    for (const query of sql.slice(0, queries)) {
      // The simple protocol, as in the measurement.
      const answer = await client.unsafe<{ id: number; data: Buffer }[]>(query);
      const right = answer.filter(({ id, data }) => {
        const readable = opens || !isSealed(table, id);
        return plaintextOf(table, id).equals(data) === readable;
      });
      if (answer.length !== rows || right.length !== rows) {
        throw new Error(
          `${target.name}, ${name}: ${right.length} of ${rows} rows are right, ${answer.length} came`,
        );
      }
    }
  } finally {
    await client.end();
  }
}

function point(table: Table, name: string, more: Partial<QueryPlan> = {}): Workload {
  return queryWorkload({ name, table, rows: 1, sql: slices(table, 1), ...more });
}

function scan(table: Table, name: string, more: Partial<QueryPlan> = {}): Workload {
  const rows = more.rows ?? SCAN_ROWS;
  return queryWorkload({ name, table, rows, sql: slices(table, rows), ...more });
}

function longScan(table: Table, name: string): Workload {
  const times = LONG_SCAN_ROWS / table.rows;
  const sql = [`SELECT id, data FROM ${table.name}, generate_series(1, ${times})`];
  return queryWorkload({ name, table, rows: LONG_SCAN_ROWS, sql, quick: true });
}

function pgbench(mode: string): Workload {
  return {
    name: `pgbench, ${mode}`,
    rowsPerTransaction: 1,
    openedPerTransaction: 0,
    targets: USUAL_TARGETS,
    table: null,
    quick: false,
    check: (target) => new PgbenchRunner(target, mode).check(),
    open: (target) => Promise.resolve(new PgbenchRunner(target, mode)),
  };
}

/** The names under which the targets of `limits.ts` find their workloads. */
export const NAMES = {
  point: "point query",
  pointSealed: "point query, AcraStruct 64 B",
  scan: "100 rows",
  scanSealed: "100 rows, AcraStruct 64 B",
  scanPage: "100 rows, AcraStruct 4 KiB",
  longScan: "10 000 rows",
} as const;

export const WORKLOADS: readonly Workload[] = [
  point(TABLES.plain, NAMES.point, { quick: true }),
  point(TABLES.sealed, NAMES.pointSealed),
  scan(TABLES.plain, NAMES.scan, { quick: true }),
  scan(TABLES.sealed, NAMES.scanSealed, { quick: true }),
  scan(TABLES.sealedPage, NAMES.scanPage, { quick: true }),
  scan(TABLES.mixed, "100 rows, 10 % AcraStruct 64 B"),
  longScan(TABLES.plain, NAMES.longScan),
  scan(TABLES.large, "10 rows of 64 KiB", { rows: 10 }),
  scan(TABLES.sealedLarge, "10 rows, AcraStruct 64 KiB", { rows: 10 }),
  scan(TABLES.zoned, "100 rows, 100 zones", {
    targets: ZONE_TARGETS,
    sql: slices(TABLES.zoned, SCAN_ROWS, "id, zone, data"),
  }),
  ...CLIENTS.map((connections) =>
    point(TABLES.plain, `point query, clients: ${connections}`, {
      connections,
      targets: CLIENT_TARGETS,
    }),
  ),
  ...CLIENTS.map((connections) =>
    scan(TABLES.sealed, `100 rows, AcraStruct 64 B, clients: ${connections}`, {
      connections,
      targets: CLIENT_TARGETS,
    }),
  ),
  ...["simple", "extended", "prepared"].map(pgbench),
];
