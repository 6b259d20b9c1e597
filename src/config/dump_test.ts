/** Dumps with current values, and the file that holds them: whole, at the place it was. */

import { afterEach, expect, test } from "bun:test";
import {
  chmodSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { COMMON_SETTINGS, defineSettings, formatDump, resolveSettings, stageDump } from "./mod.ts";

const TABLE = defineSettings([
  ...COMMON_SETTINGS,
  { name: "empty", type: "string", default: "", help: "E" },
  { name: "full", type: "string", default: "x", help: "F" },
  { name: "count", type: "integer", default: 5, help: "C" },
  { name: "shown", type: "boolean", default: true, help: "O" },
]);

const folder = mkdtempSync(join(tmpdir(), "acra-dump-"));

afterEach(() => {
  for (const name of readdirSync(folder)) {
    rmSync(join(folder, name), { recursive: true });
  }
});

test("a dump of current values is read back as those values", () => {
  for (const text of ["", "yes", "~", "a: b", "# x", '"', "'", "010", "1.10", " a ", "ä\\n"]) {
    const values = { empty: text, full: text, count: -3, shown: false };
    const dump = formatDump(TABLE, values);
    const { values: read } = resolveSettings({
      table: TABLE,
      service: "none",
      flags: new Map(),
      home: undefined,
      fileText: dump,
    });
    expect(read).toMatchObject(values);
  }
  expect(formatDump(TABLE, { full: "" })).toContain('# F\nfull: ""\n\n# O\nshown: true\n\n');
});

test("a staged dump replaces the file at once, follows a link and keeps the mode", () => {
  const file = join(folder, "real.yaml");
  const link = join(folder, "link.yaml");
  writeFileSync(file, "old");
  chmodSync(file, 0o640);
  symlinkSync(file, link);
  const staged = stageDump(link, "new");
  expect(readFileSync(file, "utf8")).toBe("old");
  staged.install();
  staged.discard();
  expect(readFileSync(file, "utf8")).toBe("new");
  expect(statSync(file).mode & 0o777).toBe(0o640);
  expect(lstatSync(link).isSymbolicLink()).toBe(true);
  stageDump(join(folder, "made/a.yaml"), "x").discard();
  expect(readdirSync(folder).toSorted()).toEqual(["link.yaml", "made", "real.yaml"]);
  expect(readdirSync(join(folder, "made"))).toEqual([]);
});
