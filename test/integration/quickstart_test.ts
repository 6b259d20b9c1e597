/**
 * docs/quickstart.md, followed word by word: every shell block in its order, in one shell. Only the ports
 * differ; the release that is downloaded is this program, and the database is that of the tests.
 */

import { afterAll, beforeAll, expect } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { waitForListener } from "../harness/ports.ts";
import { type QuickstartReader, startQuickstartReader } from "../harness/quickstart_reader.ts";
import { readShellBlocks } from "../harness/shell_blocks.ts";
import { missingProgram, missingPythonModule, testUnless } from "../harness/skip.ts";

const PAGE = join(import.meta.dir, "../../docs/quickstart.md");
const INSTALL_TIMEOUT_MS = 600_000;
const missing = missingProgram("psql") ?? missingPythonModule("cryptography");
const VALUE = "4929 1273 4096 1111";

const blocks = readShellBlocks(PAGE);
let ran = 0;
let reader: QuickstartReader;

beforeAll(async () => {
  if (missing === null) {
    const [release = ""] = /acra-[\d.]+-linux-x64/.exec(readFileSync(PAGE, "utf8")) ?? [];
    reader = await startQuickstartReader(release);
  }
}, INSTALL_TIMEOUT_MS);

afterAll(async () => {
  await reader?.stop();
});

function withPorts(text: string): string {
  return text.replace(/\b(?:5432|9393|9494)\b/g, (port) => `${reader.ports[port]}`);
}

/** Runs the next blocks, all of one section; answers what each of them printed. */
async function follow(section: string, count: number, asOwner = false): Promise<string[]> {
  const printed: string[] = [];
  for (const block of blocks.slice(ran, ran + count)) {
    expect(block.section).toBe(section);
    const commands = withPorts(block.commands);
    printed.push(
      await (asOwner ? reader.runAsDatabaseOwner(commands) : reader.shell.run(commands)),
    );
    ran++;
  }
  return printed;
}

testUnless(missing, "the quickstart goes from the download to keys and settings", async () => {
  const [version] = await follow("Get acra", 1);
  expect(version).toMatch(/-linux-x64: OK\n\d+\.\d+\.\d+/);
  expect(await follow("A database", 1, true)).toEqual(["CREATE ROLE\nCREATE DATABASE"]);
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
    const { 9393: server = 0, 9494: connector = 0 } = reader.ports;
    await Promise.all([waitForListener(server), waitForListener(connector)]);
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
