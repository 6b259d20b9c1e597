/** How a session ended, and whether that is an error: who left, and whether he was waited for. */

import type { Side } from "../pipeline/mod.ts";
import { isReset } from "../transport/mod.ts";

/** How a session ended. */
export interface PumpEnd {
  readonly reason: string;
  /** Whether something failed or was broken off; a side that leaves between requests is no error. */
  readonly error: boolean;
}

/** Where a session stood when a side went away. */
export interface Standing {
  /** The client had sent its last byte. */
  readonly clientEnded: boolean;
  /** No request was without its answer. */
  readonly settled: boolean;
}

/** A side closed in an orderly way: a database should not while its application waits for it. */
export function describeLeaving(side: Side, { clientEnded, settled }: Standing): PumpEnd {
  const first = clientEnded ? "client" : side;
  const reason = `the ${first} closed its connection`;
  return { reason, error: first === "database" && !settled };
}

/** Applications end by a reset as well; a database does so only when its application is gone. */
export function describeFailing(side: Side, error: Error, standing: Standing): PumpEnd {
  const { clientEnded, settled } = standing;
  const reason = `connection with the ${side} failed: ${error.message}`;
  const usual = side === "client" ? settled || clientEnded : settled && clientEnded;
  return { reason, error: !isReset(error) || !usual };
}
