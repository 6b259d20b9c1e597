/**
 * Real drivers and a real PostgreSQL through connector and server: rows come out readable, and
 * everything else of the protocol works as it does directly.
 */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import pg from "pg";
import postgres from "postgres";
import { createAcrastruct } from "../../src/writer/mod.ts";
import {
  type AcraKeys,
  type AcraProcess,
  makeKeys,
  startAcraConnector,
  startAcraServer,
} from "../harness/acra.ts";
import { type PostgresServer, startPostgres } from "../harness/postgres.ts";
import { runProcess } from "../harness/process.ts";
import { missingProgram, missingPythonModule, PYTHON, testUnless } from "../harness/skip.ts";

const PLAINTEXT = Buffer.from("Grüße, \\ \0 and \x7f bytes");
const BIG_LENGTH = 20 * 1024 * 1024;
let keys: AcraKeys;
let database: PostgresServer;
let server: AcraProcess;
let connector: AcraProcess;
let url: string;
let directUrl: string;

beforeAll(async () => {
  [keys, database] = await Promise.all([makeKeys(), startPostgres()]);
  server = await startAcraServer(database, { keys });
  connector = await startAcraConnector(server, { keys });
  directUrl = database.url();
  url = database.url({ port: connector.port });
  const sql = postgres(directUrl, { max: 1, onnotice: () => {} });
  await sql`create table people(id int primary key, name bytea, note text)`;
  await sql`create table people_big(id int primary key, name bytea)`;
  const struct = Buffer.from(createAcrastruct(PLAINTEXT, keys.storagePublicKey));
  await sql`insert into people values (1, ${struct}, 'one'), (2, null, null),
    (3, ${Buffer.alloc(0)}, '')`;
  const big = Buffer.alloc(BIG_LENGTH, "z");
  big.write("big!");
  const bigStruct = Buffer.from(createAcrastruct(big, keys.storagePublicKey));
  await sql`insert into people_big values (1, ${bigStruct})`;
  await sql.end();
}, 120_000);

afterAll(async () => {
  await connector.stop();
  await server.stop();
  await database.stop();
});

function names(rows: readonly { name: Uint8Array | null }[]): (string | null)[] {
  return rows.map(({ name }) => (name === null ? null : Buffer.from(name).toString("hex")));
}

const EXPECTED = [PLAINTEXT.toString("hex"), null, ""];

describe("postgres.js through acra", () => {
  let sql: postgres.Sql;
  beforeAll(() => {
    sql = postgres(url, { max: 1, onnotice: () => {} });
  });
  afterAll(async () => {
    await sql.end();
  });

  test("sees what it sees directly, save the plaintext", async () => {
    const direct = postgres(directUrl, { max: 1 });
    const [raw] = await direct`select name from people where id = 1`;
    expect(Buffer.from(raw?.["name"]).subarray(0, 8).toString()).toBe('""""""""');
    await direct.end();
  });

  test("reads rows by the extended protocol, prepared again and again", async () => {
    for (let round = 0; round < 3; round++) {
      const rows = await sql<{ name: Buffer | null }[]>`select name from people order by id`;
      expect(names(rows)).toEqual(EXPECTED);
    }
  });

  test("reads rows by the simple protocol, several statements in one", async () => {
    const results = await sql
      .unsafe("select name from people order by id; select 2 as two; select name from people")
      .simple();
    expect(names(results[0] as unknown as { name: Buffer | null }[])).toEqual(EXPECTED);
    expect(results[1]?.[0]?.["two"]).toBe(2);
  });

  test("answers an empty query", async () => {
    expect(await sql.unsafe("").simple()).toHaveLength(0);
  });

  test("keeps the order of a pipeline with an error in its middle", async () => {
    const answers = await Promise.allSettled([
      sql`select name from people where id = 1`,
      sql`select 1/0`,
      sql`select name from people where id = 1`,
      sql`select id from people where id = 3`,
    ]);
    expect(answers.map(({ status }) => status)).toEqual([
      "fulfilled",
      "rejected",
      "fulfilled",
      "fulfilled",
    ]);
    const third = answers[2];
    if (third?.status === "fulfilled") {
      expect(names(third.value as unknown as { name: Buffer }[])).toEqual([EXPECTED[0] ?? ""]);
    }
  });

  test("walks a cursor in parts", async () => {
    const seen: (string | null)[] = [];
    for await (const rows of sql<{ name: Buffer | null }[]>`
      select name from people order by id`.cursor(1)) {
      seen.push(...names(rows));
    }
    expect(seen).toEqual(EXPECTED);
  });

  test("reads a 20 MB cell", async () => {
    const [row] = await sql`select name from people_big`;
    const name = Buffer.from(row?.["name"]);
    expect(name.length).toBe(BIG_LENGTH);
    expect(name.subarray(0, 4).toString()).toBe("big!");
    expect(name.subarray(4).equals(Buffer.alloc(BIG_LENGTH - 4, "z"))).toBe(true);
  }, 60_000);

  test("copies in and out", async () => {
    await sql`create temp table copied(id int, note text)`;
    const into = await sql`copy copied from stdin`.writable();
    for (let id = 0; id < 1_000; id++) {
      into.write(`${id}\tnote ${id}\n`);
    }
    await new Promise<void>((resolve, reject) => {
      into.on("error", reject);
      into.end(resolve);
    });
    await Bun.sleep(50);
    const out = await sql`copy copied to stdout`.readable();
    const chunks: Buffer[] = [];
    for await (const chunk of out) {
      chunks.push(Buffer.from(chunk));
    }
    expect(Buffer.concat(chunks).toString().split("\n")).toHaveLength(1_001);
  });

  test("hears notifications", async () => {
    const heard = Promise.withResolvers<string>();
    const { unlisten } = await sql.listen("news", heard.resolve);
    await sql.notify("news", "hello");
    expect(await heard.promise).toBe("hello");
    await unlisten();
  });

  test("cancels a running query", async () => {
    const query = sql`select pg_sleep(30)`;
    const failed = query.then(
      () => null,
      (error: postgres.PostgresError) => error.code,
    );
    await Bun.sleep(300);
    query.cancel();
    expect(await failed).toBe("57014");
    const rows = await sql<{ name: Buffer | null }[]>`select name from people order by id`;
    expect(names(rows)).toEqual(EXPECTED);
  }, 20_000);

  test("is told of a wrong password by the database itself", async () => {
    const wrong = postgres(url.replace(database.password, "wrong"), { max: 1 });
    const failed = await wrong`select 1`.then(
      () => null,
      (error: postgres.PostgresError) => error.code,
    );
    expect(failed).toBe("28P01");
    await wrong.end();
  });
});

describe("node-postgres through acra", () => {
  for (const binary of [false, true]) {
    test(`reads ${binary ? "binary" : "text"} results, simple, extended and named`, async () => {
      const client = new pg.Client({ connectionString: url, binary } as pg.ClientConfig);
      await client.connect();
      const simple = await client.query("select name from people order by id");
      expect(names(simple.rows)).toEqual(EXPECTED);
      const extended = await client.query(
        "select name from people where id >= $1 order by id",
        [1],
      );
      expect(names(extended.rows)).toEqual(EXPECTED);
      for (let round = 0; round < 2; round++) {
        const named = await client.query({
          name: "by-id",
          text: "select name from people where id = $1",
          values: [1],
        });
        expect(names(named.rows)).toEqual([EXPECTED[0] ?? ""]);
      }
      await client.end();
    });
  }

  test("prefers TLS and goes on in plain when it is refused", async () => {
    const client = new pg.Client({ connectionString: url, ssl: { rejectUnauthorized: false } });
    const refusal = await client.connect().then(
      () => "connected",
      (error: Error) => error.message,
    );
    expect(refusal).toBe("The server does not support SSL connections");
  });
});

describe("psql through acra", () => {
  const missing = missingProgram("psql");

  async function psql(script: string, sslmode = "prefer"): Promise<string> {
    const result = await runProcess(
      ["psql", `${url}?sslmode=${sslmode}`, "-XAtq", "-v", "ON_ERROR_STOP=1", "-c", script],
      {},
    );
    return result.status === 0 ? result.stdout : result.stderr;
  }

  testUnless(missing, "reads rows as text, with sslmode=prefer", async () => {
    const out = await psql("select encode(name, 'hex') is null, name from people order by id");
    expect(out).toBe(`f|\\x${PLAINTEXT.toString("hex")}\nt|\nf|\\x`);
  });

  testUnless(missing, "reads a cursor and a prepared statement", async () => {
    const out = await psql(
      "begin; declare c cursor for select name from people order by id; fetch 1 from c; " +
        "prepare p as select name from people where id = $1; execute p(1); commit",
    );
    const cell = `\\x${PLAINTEXT.toString("hex")}`;
    expect(out).toBe(`${cell}\n${cell}`);
  });

  testUnless(missing, "is refused with sslmode=require while there is no TLS", async () => {
    expect(await psql("select 1", "require")).toContain("server does not support SSL");
  });
});

describe("Python drivers through acra", () => {
  for (const module of ["psycopg2", "asyncpg"]) {
    testUnless(
      missingPythonModule(module),
      `${module} reads rows, cursors, copies, notifications and errors`,
      async () => {
        const script = join(import.meta.dir, `drivers/${module}_driver.py`);
        const result = await runProcess([PYTHON, script, url, PLAINTEXT.toString("hex")], {});
        expect(result.stderr).toBe("");
        expect(result.stdout).toBe("OK");
      },
      60_000,
    );
  }
});
