/** What docs/events.md says, as data. */

import { readFileSync } from "node:fs";
import { join } from "node:path";

/** One row of the table of events. */
interface EventRow {
  readonly code: number;
  /** The messages of the log lines, in backticks. */
  readonly lines: string;
  readonly meaning: string;
  readonly action: string;
}

/** The page. */
interface EventPage {
  readonly events: readonly EventRow[];
  /** The messages of lines without a code, in backticks. */
  readonly uncoded: readonly string[];
  /** The words of the field `reason` of failed handshakes. */
  readonly reasons: readonly string[];
  readonly neverLogged: readonly number[];
}

/** Reads the page. */
export function readEventPage(): EventPage {
  const text = readFileSync(join(import.meta.dir, "../../docs/events.md"), "utf8");
  const section = (title: string): string =>
    text.split(/^## /m).find((part) => part.startsWith(`${title}\n`)) ?? "";
  const rows = (title: string): string[][] =>
    section(title)
      .split("\n")
      .filter((line) => line.startsWith("| "))
      .map((line) =>
        line
          .slice(1, -1)
          .split("|")
          .map((cell) => cell.trim()),
      );
  const events = rows("Events");
  return {
    events: events
      .filter(([code = ""]) => /^\d+$/.test(code))
      .map(([code, lines = "", meaning = "", action = ""]) => {
        return { code: Number(code), lines, meaning, action };
      }),
    reasons: events.flatMap(([cell = ""]) => /^`([a-z-]+)`$/.exec(cell)?.[1] ?? []),
    uncoded: rows("Lines without a code that matter").map(([lines = ""]) => lines),
    neverLogged: [...section("Never logged by this version").matchAll(/\b[5-7]\d\d\b/g)].map(
      ([code]) => Number(code),
    ),
  };
}
