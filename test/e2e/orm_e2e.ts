/**
 * The programs of examples/orm, installed as their README tells, in a copy of this checkout. Each
 * writes and reads through the connector, beside the others' rows.
 */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import postgres, { type Sql } from "postgres";
import {
  type AcraKeys,
  type AcraProcess,
  makeKeys,
  startAcraConnector,
  startAcraServer,
} from "../harness/acra.ts";
import { type PostgresServer, startPostgres } from "../harness/postgres.ts";
import { type FinishedProcess, runProcess } from "../harness/process.ts";
import { makeTemporaryFolder } from "../harness/reaper.ts";
import { readShellBlocks, Shell } from "../harness/shell_blocks.ts";
import { CHECKOUT, copyCheckout } from "./checkout.ts";
import { expectAcraStruct, findWords, readWholeDatabase } from "./stored.ts";

const LIBRARIES = ["drizzle", "kysely", "knex", "typeorm", "prisma"];
const NUMBER = "4929 1273 4096 1111";
const TAG = '\\"'.repeat(8);
const INSTALL_TIMEOUT_MS = 300_000;
const COMPILER = join(CHECKOUT, "node_modules/typescript/bin/tsc");

let database: PostgresServer;
let sql: Sql;
let keys: AcraKeys;
let server: AcraProcess;
let connector: AcraProcess;
let folder: string;

beforeAll(async () => {
  const checkout = join(makeTemporaryFolder(), "acra");
  folder = join(checkout, "examples/orm");
  await copyCheckout(checkout);
  symlinkSync(join(CHECKOUT, "node_modules"), join(checkout, "node_modules"));
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

function environment(port: number): Record<string, string> {
  return {
    EXAMPLE_PUBLIC_KEY: join(keys.folder, "acra-writer", `${keys.clientId}_storage.pub`),
    EXAMPLE_HOST: database.host,
    EXAMPLE_PORT: String(port),
    EXAMPLE_DB_NAME: database.database,
    EXAMPLE_DB_USER: database.user,
    EXAMPLE_DB_PASSWORD: database.password,
  };
}

/** Runs something with Bun in the folder of the programs. */
function runBun(args: string[], env: Record<string, string> = {}): Promise<FinishedProcess> {
  return runProcess([process.execPath, ...args], { cwd: folder, env, timeoutMs: 120_000 });
}

/** Runs a program over that port; answers the lines it printed. */
async function run(library: string, port: number, ...args: string[]): Promise<string[]> {
  const { status, stdout, stderr } = await runBun([`${library}.ts`, ...args], environment(port));
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  return stdout.split("\n");
}

describe("the programs of examples/orm", () => {
  test(
    "they are installed and tried as their README tells",
    async () => {
      const shell = new Shell({
        cwd: join(folder, "../.."),
        env: {
          ...environment(connector.port),
          // Making a client does not use that engine, but the command would download it.
          PRISMA_SCHEMA_ENGINE_BINARY: "/bin/true",
          CHECKPOINT_DISABLE: "1",
        },
      });
      const printed: string[] = [];
      for (const { commands } of readShellBlocks(join(folder, "README.md"))) {
        const block = commands.replace("=5432", `=${database.port}`);
        printed.push(await shell.run(block, INSTALL_TIMEOUT_MS));
      }
      await shell.stop();
      expect(printed.join("\n")).toContain(`\nAda: "${NUMBER}"\nAda: "${TAG}UEC2`);
    },
    INSTALL_TIMEOUT_MS,
  );

  test("they compile", async () => {
    const { stdout } = await runBun([COMPILER, "-p", folder]);
    expect(stdout).toBe("");
  });

  test("text that nobody protects does not compile where types can say so", async () => {
    for (const library of ["kysely", "prisma"]) {
      const source = readFileSync(join(folder, `${library}.ts`), "utf8");
      const careless = source.replace("protect(card.number)", "card.number");
      expect(careless).not.toBe(source);
      writeFileSync(join(folder, `careless_${library}.ts`), careless);
    }
    const { stdout } = await runBun([COMPILER, "-p", folder]);
    expect(stdout).toMatch(/careless_kysely\.ts\(\d+,\d+\): error TS2/);
    expect(stdout).toMatch(/careless_prisma\.ts\(\d+,\d+\): error TS2/);
  });

  for (const library of LIBRARIES) {
    test(`${library} writes AcraStructs and reads text through the connector`, async () => {
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
      expect(stolen[0]).toStartWith(`${library}: "${TAG}UEC2`);
    });
  }

  test("each reads what the others wrote", async () => {
    const [first = [], ...others] = await Promise.all(
      LIBRARIES.map((library) => run(library, connector.port)),
    );
    const numbers = first.filter((line) => line.endsWith(`: "${NUMBER}"`));
    expect(numbers).toHaveLength(LIBRARIES.length + 1); // with that of the README
    for (const list of others) {
      expect(list).toEqual(first);
    }
  });

  test("no number lies in the database in the clear", async () => {
    expect(findWords(await readWholeDatabase(sql), [NUMBER])).toEqual([]);
  });
});
