/** Why a rotation stopped. */

/** A file or a zone that cannot be rotated; the message names it and what is left to do. */
export class RotateError extends Error {
  override readonly name = "RotateError";
  readonly hint: string;

  constructor(message: string, hint: string, options?: ErrorOptions) {
    super(message, options);
    this.hint = hint;
  }
}

/** What the system said: its code such as `ENOSPC`, or the text of the error. */
export function describeSystemError(cause: unknown): string {
  if (cause instanceof Error && "code" in cause && typeof cause.code === "string") {
    return cause.code;
  }
  return cause instanceof Error ? cause.message : "unknown error";
}
