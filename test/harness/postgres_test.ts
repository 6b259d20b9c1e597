/** The database of the tests is a real one that asks for its password. */

import { afterAll, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { dirname } from "node:path";
import postgres from "postgres";
import { startPostgres } from "./postgres.ts";

const server = await startPostgres({ settings: { work_mem: "7MB" } });
afterAll(() => server.stop());

test("the harness starts a PostgreSQL with the settings that were asked for", async () => {
  const sql = postgres(server.url({ database: await server.createDatabase() }), { max: 1 });
  const [row] = await sql`SELECT current_setting('work_mem') AS memory`;
  await sql.end();
  expect(row?.["memory"]).toBe("7MB");
});

test("the harness's PostgreSQL refuses a wrong password", async () => {
  const sql = postgres({ ...server, pass: "wrong", password: "wrong", max: 1 });
  expect(sql`SELECT 1`.then(() => "in")).rejects.toThrow("password authentication failed");
  await sql.end();
});

test("a stopped PostgreSQL leaves no folder behind", async () => {
  const other = await startPostgres();
  await other.stop();
  expect(other.process.running).toBe(false);
  expect(existsSync(dirname(other.socketFolder))).toBe(false);
});
