/**
 * One leg of a proxied session: a stream of plain bytes to a peer, whatever lies beneath
 * (TCP, a unix socket, a Secure Session; TLS later). The pump knows this type only.
 */

/** What a connection tells its owner. After `closed` nothing else is called. */
export interface ConnectionHandler {
  /** Bytes arrived; the callee may keep the view. Not called while the connection is paused. */
  data(bytes: Uint8Array): void;
  /** Everything that was queued has been handed to the system. */
  drained(): void;
  /** The peer will send no more (end of file); writing to it is still possible. */
  ended(): void;
  /** The connection is gone; `error` says why unless it was an orderly end. */
  closed(error: Error | null): void;
}

/** A connection that is established: handshakes are over before anybody sees it. */
export interface Connection {
  /** Where the peer is, for log lines: `host:port` or the path of a unix socket. */
  readonly peer: string;
  /** Bytes accepted by `write` that the system has not taken yet. */
  readonly queuedBytes: number;
  /** Names the handler; called once. Bytes that came earlier are delivered right after. */
  start(handler: ConnectionHandler): void;
  /** Queues bytes; the connection keeps the view. Never blocks, never throws; a closed one drops them. */
  write(bytes: Uint8Array): void;
  /** Stops delivering data until `resume`; at most one chunk in flight is held back. */
  pause(): void;
  resume(): void;
  /** Sends what is queued, then tells the peer that no more will come; receiving goes on. */
  end(): void;
  /**
   * Closes both directions at once and drops what is queued. The peer sees a reset, unless everything
   * and the end of file have gone to the system before: a slow peer still gets that.
   */
  abort(): void;
}
