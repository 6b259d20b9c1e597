/**
 * The programs of examples/orm, installed as their users do: the packages of their package.json and
 * the writer as it is published. Each writes and reads through the connector, beside the others' rows.
 */

import { afterAll, beforeAll, describe, expect } from "bun:test";
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import postgres, { type Sql } from "postgres";
import { buildWriter } from "../../scripts/build_writer.ts";
import {
  type AcraKeys,
  type AcraProcess,
  makeKeys,
  startAcraConnector,
  startAcraServer,
} from "../harness/acra.ts";
import { type PostgresServer, startPostgres } from "../harness/postgres.ts";
import { runProcess } from "../harness/process.ts";
import { makeTemporaryFolder } from "../harness/reaper.ts";
import { testUnless } from "../harness/skip.ts";
import { expectAcraStruct, findWords, readWholeDatabase } from "./stored.ts";

const ROOT = join(import.meta.dir, "../..");
const LIBRARIES = ["drizzle", "kysely", "knex", "typeorm", "prisma"];
const NUMBER = "4929 1273 4096 1111";

const folder = join(makeTemporaryFolder(), "orm");
const missing = await install();

let database: PostgresServer;
let sql: Sql;
let keys: AcraKeys;
let server: AcraProcess;
let connector: AcraProcess;

beforeAll(async () => {
  [keys, database] = await Promise.all([makeKeys(), startPostgres()]);
  sql = postgres(database.url(), { max: 1 });
  server = await startAcraServer(database, { keys });
  connector = await startAcraConnector(server, { keys });
});

afterAll(async () => {
  await connector?.stop();
  await server?.stop();
  await sql?.end({ timeout: 1 });
  await database?.stop();
});

/** Lays the programs into a folder with their packages; answers why that cannot be done. */
async function install(): Promise<string | null> {
  cpSync(join(ROOT, "examples/orm"), folder, { recursive: true });
  await buildWriter(join(folder, "writer"));
  const manifest = join(folder, "package.json");
  const text = readFileSync(manifest, "utf8");
  writeFileSync(manifest, text.replace("file:../../dist/writer", "file:./writer"));
  const installed = await runIn([process.execPath, "install", "--no-progress"]);
  return installed.status === 0 ? null : `bun install: ${installed.stderr.split("\n").at(-1)}`;
}

function runIn(command: string[], env: Record<string, string> = {}) {
  return runProcess(command, { cwd: folder, env, timeoutMs: 120_000 });
}

/** Runs a program over that port; answers the lines it printed. */
async function run(library: string, port: number, ...args: string[]): Promise<string[]> {
  const { status, stdout, stderr } = await runIn([process.execPath, `${library}.ts`, ...args], {
    EXAMPLE_PUBLIC_KEY: join(keys.folder, "acra-writer", `${keys.clientId}_storage.pub`),
    EXAMPLE_HOST: database.host,
    EXAMPLE_PORT: String(port),
    EXAMPLE_DB_NAME: database.database,
    EXAMPLE_DB_USER: database.user,
    EXAMPLE_DB_PASSWORD: database.password,
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  return stdout.split("\n");
}

describe("the programs of examples/orm", () => {
  testUnless(missing, "Prisma makes its client", async () => {
    const { status, stderr } = await runIn([process.execPath, "run", "prisma"], {
      // Making a client does not use that engine, but the command would download it.
      PRISMA_SCHEMA_ENGINE_BINARY: "/bin/true",
      CHECKPOINT_DISABLE: "1",
    });
    expect(status, stderr).toBe(0);
  });

  testUnless(missing, "they compile", async () => {
    const compiler = join(ROOT, "node_modules/typescript/bin/tsc");
    const { stdout } = await runIn([process.execPath, compiler, "-p", folder]);
    expect(stdout).toBe("");
  });

  testUnless(
    missing,
    "text that nobody protects does not compile where types can say so",
    async () => {
      for (const library of ["kysely", "prisma"]) {
        const source = readFileSync(join(folder, `${library}.ts`), "utf8");
        const careless = source.replace("protect(card.number)", "card.number");
        expect(careless).not.toBe(source);
        writeFileSync(join(folder, `careless_${library}.ts`), careless);
      }
      const compiler = join(ROOT, "node_modules/typescript/bin/tsc");
      const { stdout } = await runIn([process.execPath, compiler, "-p", folder]);
      expect(stdout).toMatch(/careless_kysely\.ts\(\d+,\d+\): error TS2/);
      expect(stdout).toMatch(/careless_prisma\.ts\(\d+,\d+\): error TS2/);
    },
  );

  for (const library of LIBRARIES) {
    testUnless(
      missing,
      `${library} writes AcraStructs and reads text through the connector`,
      async () => {
        await run(library, connector.port, library, NUMBER);
        await run(library, connector.port, `${library}, empty`, "");
        const read = await run(library, connector.port, `${library}, nothing`);
        expect(read.slice(-3)).toEqual([
          `${library}: "${NUMBER}"`,
          `${library}, empty: ""`,
          `${library}, nothing: null`,
        ]);
        const [row] = await sql`SELECT number FROM cards WHERE owner = ${library}`;
        expectAcraStruct(row?.["number"], NUMBER);
        const stolen = (await run(library, database.port)).slice(-3);
        expect(stolen[0]).toStartWith(`${library}: "${'\\"'.repeat(8)}UEC2`);
      },
    );
  }

  testUnless(missing, "each reads what the others wrote", async () => {
    const lists = await Promise.all(LIBRARIES.map((library) => run(library, connector.port)));
    expect(lists[0]?.filter((line) => line.endsWith(`: "${NUMBER}"`))).toHaveLength(
      LIBRARIES.length,
    );
    for (const list of lists) {
      expect(list).toEqual(lists[0] ?? []);
    }
  });

  testUnless(missing, "the database holds no digit of a number", async () => {
    expect(findWords(await readWholeDatabase(sql), [NUMBER])).toEqual([]);
  });
});
