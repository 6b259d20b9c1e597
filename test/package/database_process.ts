/**
 * A PostgreSQL on port 5432 with the database and the user of the README, for a machine that has none:
 * says when it is ready and how its owner connects, and stays until it is stopped.
 *
 *   database_process.ts [FOLDER]   with TLS, by tls.crt, tls.key and ca.crt of a folder
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import postgres from "postgres";
import { startPostgres } from "../harness/postgres.ts";

const [, , folder] = process.argv;
const read = (name: string) => readFileSync(join(folder ?? "", name), "utf8");
const server = await startPostgres({
  preferredPort: 5432,
  ...(folder === undefined
    ? {}
    : { tls: { cert: read("tls.crt"), key: read("tls.key"), ca: read("ca.crt") } }),
});
if (server.port !== 5432) {
  throw new Error("port 5432 is taken");
}
const sql = postgres(server.url(), { max: 1 });
await sql.unsafe("CREATE USER test PASSWORD 'test'");
await sql.unsafe("CREATE DATABASE acra OWNER test");
await sql.end();
console.log(`ready ${server.url()}`);
await new Promise(() => {});
