/** What the examples share: options, the connection, and how protected bytes are shown. */

import { randomInt } from "node:crypto";
import type { parseArgs } from "node:util";
import postgres, { type Sql } from "postgres";

/** Options of every example, each with its default; they stand in the environment too. */
export const COMMON_OPTIONS = {
  data: { type: "string" },
  print: { type: "boolean", default: false },
  host: { type: "string", default: fromEnvironment("HOST", "127.0.0.1") },
  port: { type: "string", default: fromEnvironment("PORT", "5432") },
  db_name: { type: "string", default: fromEnvironment("DB_NAME", "acra") },
  db_user: { type: "string", default: fromEnvironment("DB_USER", "test") },
  db_password: { type: "string", default: fromEnvironment("DB_PASSWORD", "test") },
  help: { type: "boolean", short: "h", default: false },
} as const;

/** The help on {@link COMMON_OPTIONS}. */
export const COMMON_USAGE = `  --data TEXT           value to protect and write
  --print               print the rows of the table
  --host, --port        the database, or the connector (127.0.0.1, 5432)
  --db_name, --db_user, --db_password`;

type CommonOptions = ReturnType<
  typeof parseArgs<{ readonly options: typeof COMMON_OPTIONS }>
>["values"];

/** A default that the environment may replace: `EXAMPLE_HOST` for `HOST`. */
export function fromEnvironment(name: string, fallback: string): string {
  return process.env[`EXAMPLE_${name}`] ?? fallback;
}

/** An id for a new row. */
export function randomId(): number {
  return randomInt(1, 2 ** 31);
}

/** Text when it is text; otherwise the beginning of the bytes as PostgreSQL writes them. */
export function show(data: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(data);
  } catch {
    return `\\x${Buffer.from(data).toString("hex", 0, 24)}… (${data.length} bytes)`;
  }
}

/** Prints the usage when there is nothing to do, else does it over a connection of its own. */
export async function runExample(
  options: CommonOptions,
  usage: string,
  work: (sql: Sql) => Promise<void>,
): Promise<void> {
  if (options.help || (options.data === undefined && !options.print)) {
    console.log(usage);
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
    await work(sql);
  } finally {
    await sql.end({ timeout: 1 }); // without it, a server that stopped is waited for
  }
}
