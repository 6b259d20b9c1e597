/** Why a rollback stopped. */

/**
 * A failure while rows are read, inserted or written. Neither text holds a value of the database.
 */
export class RollbackError extends Error {
  override readonly name = "RollbackError";
  /** What the system or the database said. */
  readonly reason: string;
  readonly hint: string;

  constructor(message: string, reason: string, hint: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
    this.hint = hint;
  }
}
