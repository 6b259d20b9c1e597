/** Scripts that are called in a wrong way: one line, a status, and nothing lost. */

import { expect, test } from "bun:test";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runProcess } from "../test/harness/process.ts";
import { makeTemporaryFolder } from "../test/harness/reaper.ts";

async function run(script: string, ...args: string[]) {
  return await runProcess([process.execPath, join(import.meta.dir, script), ...args]);
}

test.each(["build.ts", "build_writer.ts", "docs.ts", "man.ts", "packaging/main.ts", "test.ts"])(
  "%s refuses what it does not know, and shows its options",
  async (script) => {
    const wrong = await run(script, "--no-such-option");
    expect(wrong).toMatchObject({ status: 2, stdout: "" });
    expect(wrong.stderr).toMatch(/^error: Unknown option '--no-such-option'.*\nhint: .*$/);
    const help = await run(script, "--help");
    expect(help).toMatchObject({ status: 0, stderr: "" });
    expect(help.stdout).toMatch(/^(?:bun )?scripts\//);
  },
);

test("a file that cannot be written is told in one line", async () => {
  const file = join(makeTemporaryFolder(), "file");
  writeFileSync(file, "");
  const { status, stderr } = await run("man.ts", join(file, "folder"));
  expect({ status, lines: stderr.split("\n").length }).toEqual({ status: 1, lines: 1 });
  expect(stderr).toContain(file);
});

test.each([
  ["build_writer.ts", (folder: string) => [folder]],
  ["packaging/main.ts", (folder: string) => ["--targets=linux-x64", `--output=${folder}`]],
] as const)("%s empties no folder of somebody else's", async (script, argsFor) => {
  const folder = join(makeTemporaryFolder(), "home");
  mkdirSync(folder);
  writeFileSync(join(folder, "letters.txt"), "dear");
  const { status, stderr } = await run(script, ...argsFor(folder));
  expect(status).toBe(2);
  expect(stderr).toContain(`${folder} holds other things`);
  expect(readdirSync(folder)).toEqual(["letters.txt"]);
});
