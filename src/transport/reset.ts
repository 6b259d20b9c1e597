/** Telling a peer that merely went away from a connection that failed. */

/** What the system says when the peer closed both directions at once, or is gone. */
const RESET_CODES: readonly unknown[] = ["ECONNRESET", "EPIPE"];

/** Whether a connection ended because its peer reset it, and for no other reason. */
export function isReset(error: Error): boolean {
  return "code" in error && RESET_CODES.includes(error.code);
}
