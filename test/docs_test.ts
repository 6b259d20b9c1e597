/** The pages in docs/commands say what the program does now. */

import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { renderPages } from "../scripts/docs.ts";

const FOLDER = join(import.meta.dir, "..", "docs", "commands");

test("docs/commands is up to date (bun scripts/docs.ts)", async () => {
  const pages = await renderPages();
  expect(pages.size).toBeGreaterThan(7);
  const onDisk = readdirSync(FOLDER).map((name): [string, string] => [
    name,
    readFileSync(join(FOLDER, name), "utf8"),
  ]);
  expect(new Map(onDisk.sort())).toEqual(new Map([...pages].sort()));
});
