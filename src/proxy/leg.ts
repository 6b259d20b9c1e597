/** One of the two connections of a session, and how far it is through its life. */

import type { Connection, ConnectionHandler } from "../transport/mod.ts";

/** Buffers below this total are joined into one write; larger ones are written as they are. */
const JOIN_LIMIT_BYTES = 256 * 1024;

/** A connection as the pump handles it: every step may be asked for twice and happens once. */
export class Leg {
  /** The peer sent its end of file. */
  ended = false;
  /** A turn that goes on with left-over input is due. */
  scheduled = false;
  #paused = false;
  #finished = false;
  #closed = false;
  #connection: Connection;
  #handler: ConnectionHandler | null = null;
  /** Who hears of the connection; while TLS is being set up, that is TLS. */
  #listener: ConnectionHandler | null = null;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Where the peer is. */
  get peer(): string {
    return this.#connection.peer;
  }

  /** Starts to read; call it once. */
  start(handler: ConnectionHandler): void {
    this.#handler = handler;
    this.#listener = handler;
    this.#connection.start({
      data: (bytes) => this.#listener?.data(bytes),
      drained: () => this.#listener?.drained(),
      ended: () => this.#listener?.ended(),
      closed: (error) => this.#listener?.closed(error),
    });
  }

  /**
   * Puts another connection in the place of this one, made on top of it: TLS. Until it stands, nobody
   * else hears of the old one; `established` is called before the handler of `start` hears of the new one.
   * @throws Error of `open`; the old connection is closed then.
   */
  async replace<Made extends { readonly connection: Connection }>(
    open: (base: Connection) => Promise<Made>,
    established: (made: Made) => void,
  ): Promise<void> {
    const handler = this.#handler;
    if (handler === null) {
      throw new TypeError("A leg is started before its connection is replaced");
    }
    const made = await open(this.#handOver());
    this.#connection = made.connection;
    established(made);
    made.connection.start(handler);
    if (this.#paused) {
      made.connection.pause();
    }
    if (this.#finished) {
      made.connection.end();
    }
  }

  /** Cuts the connection at once. */
  abort(): void {
    this.#connection.abort();
  }

  /** The running connection, to be started once more by another owner. */
  #handOver(): Connection {
    const base = this.#connection;
    return {
      peer: base.peer,
      get queuedBytes() {
        return base.queuedBytes;
      },
      start: (handler) => {
        this.#listener = handler;
        base.resume();
      },
      write: (bytes) => base.write(bytes),
      pause: () => base.pause(),
      resume: () => base.resume(),
      end: () => base.end(),
      abort: () => base.abort(),
    };
  }

  get paused(): boolean {
    return this.#paused;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Bytes that the system has not taken yet. */
  get queuedBytes(): number {
    return this.#closed ? 0 : this.#connection.queuedBytes;
  }

  /** Writes buffers in their order; answers the number of bytes, 0 when nothing may be sent any more. */
  send(buffers: readonly Uint8Array[]): number {
    const first = buffers[0];
    if (first === undefined || this.#closed || this.#finished) {
      return 0;
    }
    if (buffers.length === 1) {
      this.#connection.write(first);
      return first.length;
    }
    let total = 0;
    for (const buffer of buffers) {
      total += buffer.length;
    }
    if (total <= JOIN_LIMIT_BYTES) {
      this.#connection.write(Buffer.concat(buffers as Uint8Array[], total));
    } else {
      for (const buffer of buffers) {
        this.#connection.write(buffer);
      }
    }
    return total;
  }

  pause(): void {
    if (!this.#paused && !this.#closed) {
      this.#paused = true;
      this.#connection.pause();
    }
  }

  resume(): void {
    if (this.#paused && !this.#closed) {
      this.#paused = false;
      this.#connection.resume();
    }
  }

  /** Sends the end of file behind everything that was sent. */
  finish(): void {
    if (!this.#finished && !this.#closed) {
      this.#finished = true;
      this.#connection.end();
    }
  }

  /** The connection is gone. */
  markClosed(): void {
    this.#closed = true;
    this.ended = true;
  }
}
