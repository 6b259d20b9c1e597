/** What can be wrong with a password file or with what is to go into it. */

/** A user or a file is not acceptable. The message names users and lines, never passwords or hashes. */
export class AccountsError extends Error {
  override readonly name = "AccountsError";
  /** What to do about it, one sentence. */
  readonly hint: string;

  constructor(message: string, hint: string, options?: ErrorOptions) {
    super(message, options);
    this.hint = hint;
  }
}
