/** The man pages, read by the programs that show them: nothing may be warned of. */

import { beforeAll, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { renderManPages } from "../scripts/man.ts";
import { runProcess } from "./harness/process.ts";
import { makeTemporaryFolder } from "./harness/reaper.ts";
import { missingProgram, testUnless } from "./harness/skip.ts";

/** It tells no version. */
const missingMandoc = Bun.which("mandoc") === null ? "no program mandoc on PATH" : null;

let paths: string[];
let folder: string;

beforeAll(async () => {
  folder = makeTemporaryFolder();
  const pages = await renderManPages();
  paths = [...pages].map(([name, content]) => {
    const path = join(folder, name);
    writeFileSync(path, content);
    return path;
  });
});

test("there is a page for acra and one for each command", () => {
  const names = paths.map((path) => path.slice(folder.length + 1));
  expect(names).toContain("acra.1");
  expect(names).toContain("acra-server.1");
  expect(names).toContain("acra-keys-gen.1");
  expect(names).toContain("acra-doctor-connector.1");
});

testUnless(missingProgram("groff"), "groff warns of nothing in the man pages", async () => {
  const { status, stdout, stderr } = await runProcess(["groff", "-man", "-ww", "-Tutf8", ...paths]);
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  expect(stdout).toContain("--db_port");
});

testUnless(
  missingProgram("man"),
  "man shows a page with its flags, defaults and examples",
  async () => {
    const { status, stdout, stderr } = await runProcess(
      ["man", "--warnings", "-P", "cat", "-l", join(folder, "acra-server.1")],
      { env: { MANWIDTH: "100", LC_ALL: "C.UTF-8", MAN_KEEP_FORMATTING: "" } },
    );
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toMatch(/--db_port=INTEGER\n\s+Port of the database\. The default is 5432\./);
    expect(stdout).toContain("acra server --db_host=127.0.0.1 --zonemode_enable");
  },
);

testUnless(missingMandoc, "mandoc finds no fault in the man pages", async () => {
  // A date would change with every build: pages come without one.
  const { stdout } = await runProcess(["mandoc", "-Tlint", "-Wwarning", ...paths]);
  const complaints = stdout.split("\n").filter((line) => line !== "" && !/missing date/.test(line));
  expect(complaints).toEqual([]);
});
