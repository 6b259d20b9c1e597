/** Whether the clocks of this host and of the database agree: certificates and logs go by them. */

import type { Read } from "./database_session.ts";
import { type CheckReport, warningAt } from "./finding.ts";

const LARGEST_DIFFERENCE_SECONDS = 60;

/** Compares them; `now` is ours in ms. */
export async function checkClock(read: Read, now: () => number): Promise<CheckReport> {
  const check = "clock";
  const [row] = await read("SELECT extract(epoch FROM clock_timestamp())::text AS seconds");
  const seconds = Math.round(now() / 1_000 - Number(row?.["seconds"] ?? Number.NaN));
  if (Math.abs(seconds) <= LARGEST_DIFFERENCE_SECONDS) {
    return { check, facts: ["agrees with the database's"], findings: [] };
  }
  const finding = warningAt(
    "the clock of this host",
    `it is ${Math.abs(seconds)} s ${seconds > 0 ? "ahead of" : "behind"} the clock of the database`,
    "set both by NTP (`timedatectl`): a wrong clock refuses good certificates and misdates the log",
  );
  return { check, facts: [], findings: [finding] };
}
