/** Why a Secure Session refuses, for log lines on this side; a peer is never told. */

/**
 * - `state`: the step does not belong here: not established yet, or over.
 * - `unknown-peer`: there is no public key for the id that the peer presents.
 * - `authentication`: a signature or the proof of the shared secret is wrong.
 * - `replay`: the number of a record was seen before or is too far ahead.
 * - `clock`: the clocks of both sides are more than a day apart.
 */
export type SecureSessionErrorKind =
  | "state"
  | "unknown-peer"
  | "authentication"
  | "replay"
  | "clock";

const MESSAGES: Readonly<Record<SecureSessionErrorKind, string>> = {
  state: "Secure Session: not possible in this state",
  "unknown-peer": "Secure Session: no public key for the peer's id",
  authentication: "Secure Session: the peer did not prove its identity",
  replay: "Secure Session: a message was repeated or is out of order",
  clock: "Secure Session: the clocks of both sides differ by more than a day",
};

/** A Secure Session refused for a reason other than malformed bytes (themis.md §8). */
export class SecureSessionError extends Error {
  override readonly name = "SecureSessionError";
  readonly kind: SecureSessionErrorKind;

  constructor(kind: SecureSessionErrorKind) {
    super(MESSAGES[kind]);
    this.kind = kind;
  }
}
