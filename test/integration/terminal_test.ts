/** What a person sees and types at a terminal: secrets are not shown, and an interrupt changes nothing. */

import { expect, test } from "bun:test";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { findAccount, openAccounts, verifyPassword } from "../../src/accounts/mod.ts";
import { acraCommand } from "../harness/acra.ts";
import { makeTemporaryFolder } from "../harness/reaper.ts";

const MASTER_KEY = Buffer.alloc(32, 7).toString("base64");

/** A command at a terminal of its own; `answers` are typed when their question is seen. */
async function runAtTerminal(
  folder: string,
  args: string[],
  answers: readonly (readonly [question: string, typed: string])[],
  noColour = "1",
): Promise<{ readonly code: number; readonly shown: string }> {
  let shown = "";
  let asked = 0;
  const decoder = new TextDecoder();
  const child = Bun.spawn([...acraCommand(), ...args], {
    cwd: folder,
    env: { ...process.env, ACRA_MASTER_KEY: MASTER_KEY, NO_COLOR: noColour, TERM: "xterm" },
    timeout: 15_000,
    terminal: {
      cols: 120,
      rows: 40,
      data(terminal, data) {
        shown += decoder.decode(data, { stream: true });
        const [question, typed] = answers[asked] ?? [];
        if (question !== undefined && typed !== undefined && shown.includes(question)) {
          asked += 1;
          terminal.write(typed);
        }
      },
    },
  });
  const code = await child.exited;
  return { code, shown };
}

function makeFolder(): string {
  const folder = makeTemporaryFolder();
  mkdirSync(join(folder, "configs"));
  return folder;
}

async function passwordIs(folder: string, user: string, password: string): Promise<boolean> {
  const sealed = await Bun.file(join(folder, "configs/auth.keys")).bytes();
  const key = await Bun.file(join(folder, ".acrakeys/auth_key")).bytes();
  return await verifyPassword(findAccount(openAccounts(sealed, key), user), password);
}

const SET = ["authmanager", "--set", "--user=admin"];

test("a password is asked for twice and never shown", async () => {
  const folder = makeFolder();
  const { code, shown } = await runAtTerminal(folder, SET, [
    ['Password for "admin": ', "gehe\x7fim \u00e4\r"],
    ["The same again: ", "gehim \u00e4\r"],
  ]);
  expect({ code, shown }).toMatchObject({ code: 0, shown: expect.stringContaining("again: ") });
  expect(shown).not.toMatch(/geh|ä/);
  expect(await passwordIs(folder, "admin", "gehim \u00e4")).toBe(true);
});

test("two different passwords change nothing", async () => {
  const folder = makeFolder();
  const { code, shown } = await runAtTerminal(folder, SET, [
    ['Password for "admin": ', "one\r"],
    ["The same again: ", "two\r"],
  ]);
  expect(code).toBe(1);
  expect(shown).toContain("error: the two passwords differ");
  expect(existsSync(join(folder, "configs/auth.keys"))).toBe(false);
});

test("Ctrl-C at the question ends it and changes nothing", async () => {
  const folder = makeFolder();
  const { code, shown } = await runAtTerminal(folder, SET, [['Password for "admin": ', "geh\x03"]]);
  expect(code).toBe(1);
  expect(shown).toContain("error: interrupted");
  expect(existsSync(join(folder, ".acrakeys"))).toBe(false);
});

test("a key is destroyed when its id is typed, and only then", async () => {
  const folder = makeFolder();
  const key = join(folder, ".acrakeys/shop1_storage");
  const make = ["keys", "gen", "--client_id=shop1", "--client_storage_key"];
  expect((await runAtTerminal(folder, make, [])).code).toBe(0);
  const destroy = ["keys", "destroy", "client/shop1/storage"];
  const refused = await runAtTerminal(folder, destroy, [["Type the key id", "y\r"]]);
  expect({ code: refused.code, exists: existsSync(key) }).toEqual({ code: 1, exists: true });
  const done = await runAtTerminal(folder, destroy, [
    ["Type the key id", "client/shop1/storage\r"],
  ]);
  expect({ code: done.code, exists: existsSync(key) }).toEqual({ code: 0, exists: false });
});

test("a private key is not shown on a terminal unless forced, a public one in base64", async () => {
  const folder = makeFolder();
  await runAtTerminal(folder, ["keys", "gen", "--client_id=shop1", "--client_storage_key"], []);
  const read = ["keys", "read", "client/shop1/storage"];
  const refused = await runAtTerminal(folder, [...read, "--private"], []);
  expect(refused.code).toBe(1);
  expect(refused.shown).not.toMatch(/REC2|UkVDMg/);
  const forced = await runAtTerminal(folder, [...read, "--private", "--force"], []);
  expect(forced.shown).toMatch(/^UkVDMg[A-Za-z0-9+/]{54}\r\n$/);
  const open = await runAtTerminal(folder, read, []);
  expect(open.shown).toMatch(/^VUVDMg[A-Za-z0-9+/]{54}\r\n$/);
});

test("the doctor colours what it finds, unless NO_COLOR says otherwise", async () => {
  const args = ["doctor", "server", "--poison_detect_enable=false"];
  const coloured = await runAtTerminal(makeFolder(), args, [], "");
  expect(coloured.code).toBe(1);
  expect(coloured.shown).toContain("\x1b[31merror\x1b[39m: keys: ");
  expect(coloured.shown).toContain("\x1b[32mok\x1b[39m: master key: ");
  const plain = await runAtTerminal(makeFolder(), args, []);
  expect(plain.shown).toContain("error: keys: ");
  expect(plain.shown).not.toContain("\x1b");
});
