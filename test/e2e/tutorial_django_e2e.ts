/**
 * docs/tutorial-django.md, followed word by word: every shell block in its order, in one shell, in a
 * copy of this checkout; what is to be done in the browser is done in one. Only the ports differ.
 */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { type Browser, missingDrivenBrowser, startBrowser } from "../harness/browser.ts";
import { findFreePort, waitForListener } from "../harness/ports.ts";
import { readShellBlocks, type ShellBlock } from "../harness/shell_blocks.ts";
import { missingProgram, missingPythonModule, testUnless } from "../harness/skip.ts";
import { Pages } from "./pages.ts";
import { type ReadersMachine, startReadersMachine } from "./readers_machine.ts";

const BUILD_TIMEOUT_MS = 600_000;
const HEADLINE = "Schliemann found a city";
const ADDRESS = "curtius@olympia.example";
const LOGIN = { username: "editor", password: "choose-a-better-one" };

const blocks = readShellBlocks(join(import.meta.dir, "../../docs/tutorial-django.md"));
const ran = new Set<ShellBlock>();

const missing =
  missingDrivenBrowser() ??
  missingProgram("psql") ??
  missingProgram("npm") ??
  missingPythonModule("ensurepip");

describe("the tutorial for Django", () => {
  let machine: ReadersMachine;
  let browser: Browser;
  const ports: Record<string, number> = {};

  beforeAll(async () => {
    if (missing !== null) {
      return;
    }
    browser = await startBrowser();
    for (const port of ["8000", "8001", "9090", "9191", "9393", "9494"]) {
      ports[port] = await findFreePort();
    }
    machine = await startReadersMachine({ EXAMPLE_PORT: String(ports["9494"]) });
    ports["5432"] = machine.databasePort;
  });

  afterAll(async () => {
    await machine?.stop();
    await browser?.stop();
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
    for (const block of blocks.filter((one) => one.section === section && !ran.has(one))) {
      printed.push(await machine.shell.run(withPorts(block.commands), timeoutMs));
      for (const port of block.commands.trimEnd().match(/=\$!$/) ? listening : []) {
        await waitForListener(ports[port] ?? 0);
      }
      ran.add(block);
    }
    return printed;
  }

  /** Has the first block of a section run by somebody else. */
  async function followFirst<T>(
    section: string,
    run: (commands: string) => Promise<T>,
  ): Promise<T | undefined> {
    const block = blocks.find((one) => one.section === section);
    if (block === undefined) {
      return undefined;
    }
    ran.add(block);
    return await run(block.commands);
  }

  testUnless(
    missing,
    "section 1 installs packages and builds acra",
    async () => {
      await followFirst("Install", (commands) => machine.install(commands));
      const [built] = await follow("Install", { timeoutMs: BUILD_TIMEOUT_MS });
      expect(built).toMatch(/\n0\.82\.0\S*$/);
    },
    BUILD_TIMEOUT_MS,
  );

  testUnless(missing, "section 2 makes a database", async () => {
    const made = await followFirst("A database", machine.runAsDatabaseOwner);
    expect(made).toBe("CREATE ROLE\nCREATE DATABASE");
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
    const left = await machine.shell.run("jobs >/dev/null; jobs");
    expect(left).toBe("");
  });

  testUnless(missing, "no block was left out", () => {
    expect(blocks.filter((block) => !ran.has(block))).toEqual([]);
  });
});

test("the tutorial for Django has its blocks", () => {
  expect(blocks.length).toBeGreaterThan(12);
});
