/** Connections that found no place: counted each, told in a line that the log sums up. */

import { EVENT, type Logger } from "../log/mod.ts";
import type { ProgramMetrics } from "../metrics/mod.ts";

const MESSAGES = {
  limit: "Too many connections: further ones are refused",
  overflow: "Too many connections are waiting to be refused: further ones are closed at once",
} as const;

/** Where connections were refused, and why: `overflow` when even those that wait for an answer are too many. */
export type ReportTooMany = (kind: "db" | "api", reason: keyof typeof MESSAGES) => void;

/** Makes what reports refusals. */
export function createRefusals(log: Logger, metrics: ProgramMetrics | null): ReportTooMany {
  return (kind, reason) => {
    metrics?.connectionRefused(kind, reason);
    log.warning(MESSAGES[reason], {
      code: EVENT.connectionNotStarted,
      connection_type: kind,
    });
  };
}
