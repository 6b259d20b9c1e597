/** Why a Secure Session could not be set up, for log lines on this side; the peer is never told. */

/**
 * - `closed`: the peer went away without having sent a byte, or in the middle of the handshake.
 * - `timeout`: the peer was too slow.
 * - `malformed`: the peer sent what no connector or server sends.
 * - `unknown-id`: there are no keys for the client id.
 * - `impersonation`: the announced client id is not the one that was authenticated.
 * - `authentication`: the peer did not prove that it holds its key.
 * - `keys`: a key exists and cannot be used; the cause says why.
 */
export type HandshakeFailure =
  | "closed"
  | "timeout"
  | "malformed"
  | "unknown-id"
  | "impersonation"
  | "authentication"
  | "keys";

const MESSAGES: Readonly<Record<HandshakeFailure, string>> = {
  closed: "the peer closed the connection",
  timeout: "the peer was too slow",
  malformed: "the peer sent a malformed message",
  "unknown-id": "there are no keys for the client id",
  impersonation: "the announced client id is not the authenticated one",
  authentication: "the peer did not prove its identity",
  keys: "the keys for the client id cannot be used",
};

/** Details for log lines. */
export interface HandshakeErrorDetails extends ErrorOptions {
  /** The client id that the peer announced, when it has a valid form; not authenticated. */
  readonly announcedId?: string | undefined;
}

/** The handshake of a Secure Session failed; the connection is closed. */
export class HandshakeError extends Error {
  override readonly name = "HandshakeError";
  readonly reason: HandshakeFailure;
  readonly announcedId: string | undefined;

  constructor(reason: HandshakeFailure, details: HandshakeErrorDetails = {}) {
    const { announcedId, ...options } = details;
    const id = announcedId === undefined ? "" : ` (client id "${announcedId}")`;
    super(`Secure Session handshake failed: ${MESSAGES[reason]}${id}`, options);
    this.reason = reason;
    this.announcedId = announcedId;
  }
}
