/** scripts/generate-keys.sh: the options, folders and exit codes that it always had (acra-cli.md §9.1). */

import { afterAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { layAcra } from "./harness/acra.ts";

const SCRIPT = join(import.meta.dir, "..", "scripts", "generate-keys.sh");
const MASTER_KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

const folder = mkdtempSync(join(tmpdir(), "acra-generate-keys-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs the script in a fresh folder with an `acra` in PATH; answers what came of it. */
function runScript(name: string, args: readonly string[], masterKey = MASTER_KEY) {
  const bin = join(folder, "bin");
  mkdirSync(bin, { recursive: true });
  layAcra(bin);
  const cwd = join(folder, name);
  mkdirSync(cwd);
  const { exitCode, stdout, stderr } = Bun.spawnSync(["bash", SCRIPT, ...args], {
    cwd,
    env: { PATH: `${bin}:/usr/bin:/bin`, HOME: folder, ACRA_MASTER_KEY: masterKey },
  });
  const files = readdirSync(cwd, { recursive: true, encoding: "utf8" })
    .filter((path) => statSync(join(cwd, path)).isFile())
    .toSorted();
  return { exitCode, stdout: stdout.toString(), stderr: stderr.toString(), files, cwd };
}

test("generate-keys.sh lays out a folder for each holder", () => {
  const { exitCode, files, cwd, stderr } = runScript("all", []);
  expect([stderr, exitCode]).toEqual(["", 0]);
  expect(files).toEqual([
    ".acrakeys/acra-connector/testclientid",
    ".acrakeys/acra-connector/testclientid_server.pub",
    ".acrakeys/acra-server/testclientid.pub",
    ".acrakeys/acra-server/testclientid_server",
    ".acrakeys/acra-server/testclientid_storage",
    ".acrakeys/acra-writer/testclientid_storage.pub",
  ]);
  for (const holder of ["acra-server", "acra-connector", "acra-writer"]) {
    expect(statSync(join(cwd, ".acrakeys", holder)).mode & 0o777).toBe(0o700);
  }
});

test("generate-keys.sh takes values as words of their own and makes single kinds", () => {
  const args = ["--client_id", "some shop", "--keys_dir", "my keys", "--generate_acrawriter_keys"];
  expect(runScript("writer", args)).toMatchObject({
    exitCode: 0,
    files: ["my keys/acra-server/some shop_storage", "my keys/acra-writer/some shop_storage.pub"],
  });
});

test("generate-keys.sh ends with 3 for unknown options and 1 for what fails", () => {
  expect(runScript("unknown", ["--keys_dir=x"])).toMatchObject({
    exitCode: 3,
    stdout: expect.stringContaining("Usage: generate-keys.sh"),
    files: [],
  });
  expect(runScript("no_value", ["--client_id"])).toMatchObject({
    exitCode: 1,
    stderr: "ERROR: --client_id needs a value\n",
  });
  const noMasterKey = runScript("no_master_key", [], "");
  expect(noMasterKey).toMatchObject({ exitCode: 1, files: [] });
  expect(noMasterKey.stderr).toContain("You must pass master key");
  expect(runScript("help", ["help"])).toMatchObject({ exitCode: 0, files: [] });
});
