/** How many connections a daemon lets in: as many as asked for, or as its open files allow. */

import { type ConnectionLimits, planConnections } from "../admission/mod.ts";
import type { Logger } from "../log/mod.ts";
import { readOpenFilesLimit } from "../metrics/mod.ts";

/** Works the limits out for all workers together, and says so when there are fewer than were asked for. */
export function connectionLimitsOf(
  values: { readonly incoming_connection_limit: number },
  log: Logger,
  workers: number,
): ConnectionLimits {
  const openFiles = readOpenFilesLimit();
  const asked = values.incoming_connection_limit;
  const limits = planConnections(openFiles, asked, workers);
  if (limits.reduced) {
    log.warning(
      `--incoming_connection_limit=${asked} needs more open files than the ${openFiles} that are allowed: ` +
        `${limits.sessions} sessions at most`,
    );
  } else if (Number.isFinite(limits.sessions)) {
    log.info(`At most ${limits.sessions} sessions at a time`);
  }
  return limits;
}
