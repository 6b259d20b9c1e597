/** What may be shown of an error of the driver or the system. */

// Specification: class 22 of SQLSTATE, "data exception", whose messages quote the data.
const DATA_EXCEPTION = /^22/;

/** The words of an error of the driver or the system that may be shown: its code, and its text when that quotes no data. */
export function describeCause(cause: unknown): string {
  if (!(cause instanceof Error)) {
    return "unknown error";
  }
  const code = "code" in cause && typeof cause.code === "string" ? cause.code : "";
  if (DATA_EXCEPTION.test(code)) {
    return `SQLSTATE ${code}`;
  }
  return cause.message.includes(code) ? cause.message : `${cause.message} (${code})`;
}
