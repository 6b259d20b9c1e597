/** The limit of open files, as the system tells it. */

import { expect, test } from "bun:test";
import { missingLinux, testUnless } from "../../test/harness/skip.ts";
import { readOpenFilesLimit } from "./open_files.ts";

testUnless(missingLinux, "readOpenFilesLimit reads the limit that a shell has set", () => {
  const program = `const { readOpenFilesLimit } = await import("${import.meta.dir}/open_files.ts"); console.log(readOpenFilesLimit());`;
  const line = `ulimit -n 321; exec "${process.execPath}" -e '${program}'`;
  expect(Bun.spawnSync(["sh", "-c", line]).stdout.toString()).toBe("321\n");
});

test("readOpenFilesLimit gives a number that a process could have, or nothing", () => {
  const limit = readOpenFilesLimit();
  expect(limit === null || (Number.isInteger(limit) && limit > 10)).toBe(true);
});
