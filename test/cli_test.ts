/**
 * Runs the scripts in test/cli: what a person types, and what has to come of it. Each script has a
 * fresh folder. They run against the sources, or the compiled binary that `ACRA_BINARY` names.
 */

import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseScript, runScript } from "./cli/script.ts";
import { acraCommand } from "./harness/acra.ts";
import { runProcess } from "./harness/process.ts";
import { testUnless } from "./harness/skip.ts";

const FOLDER = join(import.meta.dir, "cli");
const names = readdirSync(FOLDER).filter((name) => name.endsWith(".txt"));

for (const name of names) {
  const script = parseScript(readFileSync(join(FOLDER, name), "utf8"));
  const missing =
    script.needsBinary && !process.env["ACRA_BINARY"]
      ? "needs a compiled binary: set ACRA_BINARY (bun run build makes dist/acra)"
      : null;
  testUnless(missing, `test/cli/${name} goes as written`, () => runScript(script), 60_000);
}

test("there are scripts", () => {
  expect(names.length).toBeGreaterThan(4);
});

test("a script that is wrong fails with the line that is wrong", async () => {
  for (const [text, complaint] of [
    ["acra nope", "line 1: exit code 2"],
    ["! acra version", "line 1: exit code 0"],
    ["acra version\ncode 1", "line 2: exit code 0"],
    ["acra version\n\nstdout 'nope'", "line 3: stdout does not match"],
    ["acra version\n! stdout '[0-9]'", "line 2: stdout matches"],
    ["exists x", "line 1: x is missing"],
    ["frobnicate", "line 1: unknown word"],
  ] as const) {
    await expect(runScript(parseScript(text))).rejects.toThrow(complaint);
  }
});

test("the overview is one screen", async () => {
  const { stdout } = await runProcess([...acraCommand(), "--help"]);
  const lines = stdout.trimEnd().split("\n");
  expect(lines.length).toBeGreaterThanOrEqual(24);
  expect(lines.length).toBeLessThanOrEqual(40);
  expect(lines.filter((line) => line.length > 80)).toEqual([]);
});
