/** Reads the counts out of a report of `bun test --reporter=junit`, or out of a last line. */

import { readFileSync } from "node:fs";

/** How many tests ended how. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/**
 * The counts of a whole report.
 * @throws Error when the file is no such report.
 */
export function readJunitCounts(path: string): Counts {
  const root = /<testsuites [^>]*>/.exec(readFileSync(path, "utf8"))?.[0] ?? "";
  const attribute = (name: string): number => {
    const value = new RegExp(` ${name}="(\\d+)"`).exec(root)?.[1];
    if (value === undefined) {
      throw new Error(`${path}: no ${name} in the report of bun test`);
    }
    return Number(value);
  };
  const failed = attribute("failures");
  const skipped = attribute("skipped");
  return { passed: attribute("tests") - failed - skipped, failed, skipped };
}

/** The counts that a line like `N passed, N failed, N skipped` tells, or `null`. */
export function readCountsLine(line: string): Counts | null {
  const [, passed, failed, skipped] =
    /^(\d+) passed, (\d+) failed, (\d+) skipped$/.exec(line) ?? [];
  return passed === undefined
    ? null
    : { passed: Number(passed), failed: Number(failed), skipped: Number(skipped) };
}

/** Adds two counts up. */
export function addCounts(a: Counts, b: Counts): Counts {
  return {
    passed: a.passed + b.passed,
    failed: a.failed + b.failed,
    skipped: a.skipped + b.skipped,
  };
}
