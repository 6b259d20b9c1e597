/** The counts that `scripts/test` adds up are those of the report. */

import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { addCounts, readCountsLine, readJunitCounts } from "./test_counts.ts";

const folder = mkdtempSync(join(tmpdir(), "acra-counts-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("readJunitCounts takes the counts of the whole run, not of one file", () => {
  const path = join(folder, "report.xml");
  writeFileSync(
    path,
    '<testsuites name="bun test" tests="9" assertions="5" failures="1" skipped="2" time="0.1">\n' +
      '  <testsuite name="a" tests="4" assertions="1" failures="0" skipped="0">\n',
  );
  expect(readJunitCounts(path)).toEqual({ passed: 6, failed: 1, skipped: 2 });
});

test("readJunitCounts refuses a file that is no report", () => {
  const path = join(folder, "other.xml");
  writeFileSync(path, "<testsuites>");
  expect(() => readJunitCounts(path)).toThrow("no failures");
});

test("readCountsLine takes a line of counts, and nothing else", () => {
  expect(readCountsLine("12 passed, 3 failed, 0 skipped")).toEqual({
    passed: 12,
    failed: 3,
    skipped: 0,
  });
  expect(readCountsLine("pgx: 12 passed, 3 failed, 0 skipped")).toBeNull();
  expect(readCountsLine("")).toBeNull();
});

test("addCounts adds each count", () => {
  const sum = addCounts(
    { passed: 1, failed: 2, skipped: 3 },
    { passed: 10, failed: 20, skipped: 30 },
  );
  expect(sum).toEqual({ passed: 11, failed: 22, skipped: 33 });
});
