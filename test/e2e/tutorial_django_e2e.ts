/**
 * docs/tutorial-django.md, followed word by word: every shell block in its order, in one shell, in a
 * copy of this checkout; what is to be done in the browser is done in one. Only the ports differ, the
 * database is that of the tests, and the distribution's packages are there already.
 */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { cpSync } from "node:fs";
import { join } from "node:path";
import { type Browser, missingBrowser, startBrowser } from "../harness/browser.ts";
import { findFreePort, waitForListener } from "../harness/ports.ts";
import { type PostgresServer, startPostgres } from "../harness/postgres.ts";
import { runProcess } from "../harness/process.ts";
import { makeTemporaryFolder } from "../harness/reaper.ts";
import { readShellBlocks, Shell, type ShellBlock } from "../harness/shell_blocks.ts";
import { missingProgram, missingPythonModule, testUnless } from "../harness/skip.ts";
import { Pages } from "./pages.ts";

const ROOT = join(import.meta.dir, "../..");
const BUILD_TIMEOUT_MS = 240_000;
const HEADLINE = "Schliemann found a city";
const ADDRESS = "curtius@olympia.example";
const LOGIN = { username: "editor", password: "choose-a-better-one" };

const blocks = readShellBlocks(join(ROOT, "docs/tutorial-django.md"));
/** What is not run here: the packages are there already. */
const isLeftOut = ({ commands }: ShellBlock) => commands.startsWith("apt-get ");
const ran = new Set<ShellBlock>();

const missing =
  missingBrowser() ??
  missingProgram("psql") ??
  missingProgram("npm") ??
  missingPythonModule("ensurepip");

describe("the tutorial for Django", () => {
  let database: PostgresServer;
  let browser: Browser;
  let shell: Shell;
  const ports: Record<string, number> = {};

  beforeAll(async () => {
    if (missing !== null) {
      return;
    }
    database = await startPostgres();
    browser = await startBrowser();
    const folder = join(makeTemporaryFolder(), "acra");
    await copyCheckout(folder);
    for (const port of ["8000", "8001", "9090", "9191", "9393", "9494"]) {
      ports[port] = await findFreePort();
    }
    ports["5432"] = database.port;
    shell = new Shell({ cwd: folder, env: { EXAMPLE_PORT: String(ports["9494"]) } });
  });

  afterAll(async () => {
    await shell?.stop();
    await browser?.stop();
    await database?.stop();
  });

  /** The ports of the tutorial may be taken on this machine. */
  function withPorts(text: string): string {
    return text.replace(/\b(?:5432|80\d\d|9090|9191|9393|9494)\b/g, (port) => `${ports[port]}`);
  }

  /**
   * Runs the blocks of a section; answers what each of them printed. After each, a reader would wait
   * until these ports are listened on.
   */
  async function follow(
    section: string,
    { timeoutMs, listening = [] }: { timeoutMs?: number; listening?: readonly string[] } = {},
  ): Promise<string[]> {
    const printed: string[] = [];
    for (const block of blocks.filter((one) => one.section === section && !isLeftOut(one))) {
      printed.push(await shell.run(withPorts(block.commands), timeoutMs));
      for (const port of block.commands.trimEnd().match(/=\$!$/) ? listening : []) {
        await waitForListener(ports[port] ?? 0);
      }
      ran.add(block);
    }
    return printed;
  }

  testUnless(
    missing,
    "section 1 builds acra",
    async () => {
      expect(await follow("Install", { timeoutMs: BUILD_TIMEOUT_MS })).toEqual([
        expect.stringMatching(/\n(?:acra )?0\.82\.0.*$/),
      ]);
    },
    BUILD_TIMEOUT_MS,
  );

  testUnless(missing, "section 2 makes a database", async () => {
    // Whoever is postgres needs no address and no password.
    const { host, port, user, password } = database;
    const owner = { PGHOST: host, PGPORT: port, PGUSER: user, PGPASSWORD: password };
    const set = Object.entries(owner).map(([name, value]) => `export ${name}=${value}`);
    await shell.run(set.join("\n"));
    expect(await follow("A database")).toEqual(["CREATE ROLE\nCREATE DATABASE"]);
    await shell.run(`unset ${Object.keys(owner).join(" ")}`);
  });

  testUnless(missing, "sections 3 and 4 make keys and start the programs", async () => {
    const [made] = await follow("Keys");
    expect(made).toContain("blogsite_storage");
    const [, logs] = await follow("The server and the connector", { listening: ["9393", "9494"] });
    expect(logs).toContain(`${ports["9393"]}`);
    expect(logs).toContain(`${ports["9494"]}`);
  });

  testUnless(
    missing,
    "section 5 starts the site",
    async () => {
      await follow("The site", { timeoutMs: BUILD_TIMEOUT_MS, listening: ["8000"] });
    },
    BUILD_TIMEOUT_MS,
  );

  testUnless(missing, "section 6 writes an entry and a member in the browser", async () => {
    const site = new Pages(browser, ports["8000"] ?? 0);
    const entry = { headline: HEADLINE, summary: "Gold", body: "And walls.", author: "Sophia" };
    expect(await site.submit("/entries/add/", entry, LOGIN)).toContain(HEADLINE);
    expect(await site.read("/")).toContain(HEADLINE);
    const member = { display_name: "Ernst", contact_email: ADDRESS, billing_email: ADDRESS };
    expect(await site.submit("/members/add/", member, LOGIN)).toContain(ADDRESS);
    expect(await site.read("/admin/")).toContain("Entries");
  });

  testUnless(
    missing,
    "section 7 shows AcraStructs at the database, text at the connector",
    async () => {
      const [stored, read] = await follow("Look at the table");
      expect(stored).toMatch(/\\x2222222222222222554543/);
      expect(stored).not.toContain(Buffer.from(HEADLINE).toString("hex"));
      expect(read).toContain(HEADLINE);
      expect(read).toContain(ADDRESS);
    },
  );

  testUnless(missing, "section 8 gives a thief nothing", async () => {
    const [words] = await follow("What a thief has", { listening: ["8001"] });
    expect(words).toBe("not a word of it");
    const list = await new Pages(browser, ports["8001"] ?? 0).read("/");
    expect(list).toContain('""""""""UEC2');
    expect(list).not.toContain(HEADLINE);
  });

  testUnless(missing, "section 10 opens a value only behind the id of its zone", async () => {
    const [, printed] = await follow("Zones", { listening: ["9393", "9494", "9191"] });
    expect(printed).toContain("with its zone: Unter den Linden 6\n");
    expect(printed).toContain(`without: b'""""""""UEC2'`);
    expect(await new Pages(browser, ports["8000"] ?? 0).read("/")).not.toContain(HEADLINE);
  });

  testUnless(missing, "section 11 ends everything", async () => {
    await follow("The end");
    const left = await shell.run("jobs >/dev/null; jobs");
    expect(left).toBe("");
  });

  testUnless(missing, "no block was left out", () => {
    expect(blocks.filter((block) => !ran.has(block) && !isLeftOut(block))).toEqual([]);
  });
});

test("the tutorial for Django has its blocks", () => {
  expect(blocks.length).toBeGreaterThan(12);
});

/** What git knows or would take, and nothing that was built or installed. */
async function copyCheckout(folder: string): Promise<void> {
  const list = ["git", "ls-files", "--cached", "--others", "--exclude-standard"];
  const { status, stdout, stderr } = await runProcess(list, { cwd: ROOT });
  if (status !== 0) {
    throw new Error(`git ls-files: ${stderr}`);
  }
  for (const path of stdout.split("\n")) {
    cpSync(join(ROOT, path), join(folder, path));
  }
}
