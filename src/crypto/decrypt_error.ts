/** The one answer to everything that does not authenticate. */

/** The whole message: a reason would help an attacker more than an operator. */
const MESSAGE = "Cannot decrypt: the key does not fit or the data was changed";

/** Thrown when authentication failed. It carries no reason, no cause and no data. */
export class DecryptError extends Error {
  override readonly name = "DecryptError";

  constructor() {
    super(MESSAGE);
  }
}
