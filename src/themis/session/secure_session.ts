/** Secure Session as the rest of the program knows it: random values come from the system. */

import { randomBytes } from "../../crypto/mod.ts";
import { generatePrivateKey } from "../keys.ts";
import { type SecureSessionOptions, SessionMachine } from "./session_machine.ts";

/**
 * One end of a mutually authenticated, encrypted session (themis.md §6). Messages in, messages out:
 * it knows no socket and no clock. `connect()` makes it the client, a first `receive` the server.
 */
export class SecureSession extends SessionMachine {
  /** @throws RangeError for an empty id. */
  constructor(options: SecureSessionOptions) {
    super(options, { generateEphemeral: generatePrivateKey, random: randomBytes });
  }
}
