/**
 * A database session as a plain object: bytes in from either side, actions out (DESIGN §2).
 * No sockets, timers or promises; the pump in `proxy/` carries the actions out in their order.
 */

/** The two ends of a session: the application's side and the database's side. */
export type Side = "client" | "database";

/** What the pump has to do, in the order given. */
export type Action =
  /** Write these buffers to a side; they are not touched again. */
  | { readonly kind: "send"; readonly to: Side; readonly buffers: readonly Uint8Array[] }
  /** A poison record was recognised: run the alarm before any later action. */
  | { readonly kind: "alarm" }
  /**
   * Run a TLS handshake on a side, as its server towards the client and as its client towards the
   * database; `head` was read of it already, and `direct` tells that nobody asked for it before
   * (PostgreSQL wants its name as application protocol then). Until `secured` or `securingFailed`
   * is called nothing is sent to that side and nothing comes from it.
   */
  | {
      readonly kind: "start-tls";
      readonly side: Side;
      readonly head: Uint8Array;
      readonly direct: boolean;
    }
  /** Flush what was sent, then close both sides. `error` tells an abnormal end. */
  | { readonly kind: "close"; readonly reason: string; readonly error: boolean };

/** What a session has to know of a leg on which TLS is spoken now. */
export interface SecuredLeg {
  /** DER of the certificate that we showed there, and of the one that we saw; `null` without one. */
  readonly ownCertificate: Uint8Array | null;
  readonly peerCertificate: Uint8Array | null;
}

/** One protocol's session between a client and a database. */
export interface ProtocolSession {
  /** The named state, for logs and tests. */
  readonly phase: string;
  /**
   * Whether the session stands at a message border with nothing outstanding, so that a draining
   * server may end it without harm.
   */
  readonly idle: boolean;
  /**
   * Whether a side may leave now without breaking anything off: nothing is asked and no transaction
   * is open, or the application said goodbye.
   */
  readonly settled: boolean;
  /** Takes bytes from a side. The view is kept until it was forwarded. */
  receive(from: Side, bytes: Uint8Array): readonly Action[];
  /**
   * Goes on with input that `receive` left over because its share of work for one turn was used up.
   * While `hasWork(from)` is true the pump reads no more from that side and calls this in later turns.
   */
  resume(from: Side): readonly Action[];
  hasWork(from: Side): boolean;
  /** A side sent end of file. */
  end(from: Side): readonly Action[];
  /** The handshake that `start-tls` asked for is over: from now on the side's bytes are plain again. */
  secured(side: Side, leg: SecuredLeg): readonly Action[];
  /** That handshake failed, and the side is gone. */
  securingFailed(side: Side): readonly Action[];
  /** Both sides are gone: gives back what the session holds of others. Nothing is called afterwards. */
  release(): void;
  /**
   * The server wants the session to end for a reason of its own (database unreachable, shutdown):
   * answers with the protocol's own kind of error for the client where one is allowed, then `close`.
   */
  fail(failure: SessionFailure): readonly Action[];
}

/** What a connection turns out to be for: a session, or a request to cancel what another one does. */
export type Opening = "session" | "cancel";

/** Why the server itself ends a session. */
export type SessionFailure = "database-unreachable" | "shutdown" | "startup-timeout";
