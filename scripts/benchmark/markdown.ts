/** The tables as they stand in docs/performance.md, between two marks. */

import { readFileSync, writeFileSync } from "node:fs";

const BEGIN = "<!-- results: written by scripts/bench -->";
const END = "<!-- end of results -->";

/**
 * The page with other results.
 * @throws Error when it has no marks.
 */
export function replaceResults(page: string, results: string): string {
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin < 0 || end < begin) {
    throw new Error(`the page has no lines "${BEGIN}" and "${END}" for the results`);
  }
  return `${page.slice(0, begin + BEGIN.length)}\n\n${results}\n\n${page.slice(end)}`;
}

/** Puts the results into a file that has the marks. */
export function writeResults(path: string, results: string): void {
  writeFileSync(path, replaceResults(readFileSync(path, "utf8"), results));
}
