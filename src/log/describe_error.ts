/** Errors as fields of a log line. */

import type { LogFields } from "./logger.ts";

/**
 * The text of an error, and its `reason` where it names one in a word: lines with the same reason are
 * alike, whatever else the text says.
 */
export function describeError(error: unknown): LogFields {
  if (!(error instanceof Error)) {
    return { error: String(error) };
  }
  const { message } = error;
  return "reason" in error && typeof error.reason === "string"
    ? { error: message, reason: error.reason }
    : { error: message };
}
