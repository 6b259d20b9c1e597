/**
 * A PostgreSQL on port 5432 with the database and the user of the README, for a machine that has none:
 * says when it is ready and stays until its input ends.
 */

import postgres from "postgres";
import { startPostgres } from "../harness/postgres.ts";

const server = await startPostgres({ preferredPort: 5432 });
if (server.port !== 5432) {
  throw new Error("port 5432 is taken");
}
const sql = postgres(server.url(), { max: 1 });
await sql.unsafe("CREATE USER test PASSWORD 'test'");
await sql.unsafe("CREATE DATABASE acra OWNER test");
await sql.end();
console.log("ready");
await new Promise(() => {});
