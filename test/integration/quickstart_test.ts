/**
 * docs/quickstart.md, followed word by word: every shell block in its order, in one shell. Only the ports
 * differ; the release that is downloaded is this program, and the database is that of the tests.
 */

import { afterAll, beforeAll, expect } from "bun:test";
import { createHash } from "node:crypto";
import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { acraLauncher } from "../harness/acra.ts";
import { findFreePort, waitForListener } from "../harness/ports.ts";
import { type PostgresServer, startPostgres } from "../harness/postgres.ts";
import { makeTemporaryFolder } from "../harness/reaper.ts";
import { readShellBlocks, Shell } from "../harness/shell_blocks.ts";
import { missingProgram, missingPythonModule, PYTHON, testUnless } from "../harness/skip.ts";

const ROOT = join(import.meta.dir, "../..");
const PAGE = join(ROOT, "docs/quickstart.md");
const missing = missingProgram("psql") ?? missingPythonModule("cryptography");
const VALUE = "4929 1273 4096 1111";

const blocks = readShellBlocks(PAGE);
let ran = 0;
let database: PostgresServer;
let shell: Shell;
const ports: Record<string, number> = {};

beforeAll(async () => {
  if (missing !== null) {
    return;
  }
  database = await startPostgres();
  for (const port of ["9393", "9494"]) {
    ports[port] = await findFreePort();
  }
  ports["5432"] = database.port;
  const folder = makeTemporaryFolder();
  mkdirSync(join(folder, "home"));
  symlinkSync(join(ROOT, "examples"), join(folder, "examples"));
  layRelease(folder);
  // Python as the distribution has it, with its packages.
  mkdirSync(join(folder, "bin"));
  symlinkSync(PYTHON, join(folder, "bin/python3"));
  shell = new Shell({
    cwd: folder,
    env: {
      HOME: join(folder, "home"),
      PATH: `${join(folder, "bin")}:${process.env["PATH"]}`,
      PYTHONDONTWRITEBYTECODE: "1",
    },
  });
});

afterAll(async () => {
  await shell?.stop();
  await database?.stop();
});

/** The files that the first block expects to have been downloaded. */
function layRelease(folder: string): void {
  const [name = ""] = /acra-[\d.]+-linux-x64/.exec(readFileSync(PAGE, "utf8")) ?? [];
  const program = acraLauncher();
  writeFileSync(join(folder, name), program);
  chmodSync(join(folder, name), 0o644);
  const sum = createHash("sha256").update(program).digest("hex");
  writeFileSync(
    join(folder, "SHA256SUMS"),
    `${sum}  ${name}\n${sum.replace(/./g, "0")}  acra-for-another-machine\n`,
  );
}

/** Runs the next blocks, all of one section; answers what each of them printed. */
async function follow(section: string, count: number): Promise<string[]> {
  const printed: string[] = [];
  for (const block of blocks.slice(ran, ran + count)) {
    expect(block.section).toBe(section);
    const commands = block.commands.replace(/\b(?:5432|9393|9494)\b/g, (port) => `${ports[port]}`);
    printed.push(await shell.run(commands));
    ran++;
  }
  return printed;
}

testUnless(missing, "the quickstart goes from the download to keys and settings", async () => {
  const [version] = await follow("Get acra", 1);
  expect(version).toMatch(/-linux-x64: OK\n\d+\.\d+\.\d+/);
  const { host, port, user, password } = database;
  const owner = { PGHOST: host, PGPORT: port, PGUSER: user, PGPASSWORD: password };
  const set = Object.entries(owner).map(([name, value]) => `export ${name}=${value}`);
  await shell.run(set.join("\n"));
  expect(await follow("A database", 1)).toEqual(["CREATE ROLE\nCREATE DATABASE"]);
  await shell.run(`unset ${Object.keys(owner).join(" ")}`);
  const [made] = await follow("Keys", 2);
  expect(made).toContain(".acrakeys/acra-writer/webshop_storage.pub");
  const [, examined] = await follow("Settings", 2);
  expect(examined).toEndWith("the server's host: nothing is wrong");
});

testUnless(
  missing,
  "the quickstart's row is sealed at the database and open behind the connector",
  async () => {
    await follow("Start", 1);
    await Promise.all([waitForListener(ports["9393"] ?? 0), waitForListener(ports["9494"] ?? 0)]);
    expect(await follow("Write a row", 2)).toEqual(["", "CREATE TABLE\nINSERT 0 1"]);
    const [stored, read] = await follow("Read it from both sides", 2);
    expect(stored).toMatch(/^\\x222222222222222255454332[0-9a-f]+$/);
    expect(read).toBe(VALUE);
  },
);

testUnless(missing, "the quickstart's doctor finds nothing, then the plaintext", async () => {
  const [well, bad] = await follow("Does everything hold?", 2);
  expect(well).toContain("1 AcraStructs, 0 in plaintext (0 %)");
  expect(well).toContain("prove themselves to each other");
  expect(well).toContain("the server's host: nothing is wrong");
  expect(well).toContain("the connector's host: nothing is wrong");
  expect(bad).toContain("1 AcraStructs, 1 in plaintext (50.00 %)");
  expect(bad).toContain("status 1");
});

testUnless(missing, "the quickstart's thief is noticed, and no block was left out", async () => {
  const [caught] = await follow("Catch a thief", 1);
  expect(caught).toContain("Recognized poison record");
  await follow("Stop", 1);
  expect(ran).toBe(blocks.length);
});
