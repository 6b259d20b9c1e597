/** One of the two connections of a session, and how far it is through its life. */

import type { Connection } from "../transport/mod.ts";

/** Buffers below this total are joined into one write; larger ones are written as they are. */
const JOIN_LIMIT_BYTES = 256 * 1024;

/** A connection as the pump handles it: every step may be asked for twice and happens once. */
export class Leg {
  readonly connection: Connection;
  /** The peer sent its end of file. */
  ended = false;
  /** A turn that goes on with left-over input is due. */
  scheduled = false;
  #paused = false;
  #finished = false;
  #closed = false;

  constructor(connection: Connection) {
    this.connection = connection;
  }

  get paused(): boolean {
    return this.#paused;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Bytes that the system has not taken yet. */
  get queuedBytes(): number {
    return this.#closed ? 0 : this.connection.queuedBytes;
  }

  /** Writes buffers in their order; answers the number of bytes, 0 when nothing may be sent any more. */
  send(buffers: readonly Uint8Array[]): number {
    const first = buffers[0];
    if (first === undefined || this.#closed || this.#finished) {
      return 0;
    }
    if (buffers.length === 1) {
      this.connection.write(first);
      return first.length;
    }
    let total = 0;
    for (const buffer of buffers) {
      total += buffer.length;
    }
    if (total <= JOIN_LIMIT_BYTES) {
      this.connection.write(Buffer.concat(buffers as Uint8Array[], total));
    } else {
      for (const buffer of buffers) {
        this.connection.write(buffer);
      }
    }
    return total;
  }

  pause(): void {
    if (!this.#paused && !this.#closed) {
      this.#paused = true;
      this.connection.pause();
    }
  }

  resume(): void {
    if (this.#paused && !this.#closed) {
      this.#paused = false;
      this.connection.resume();
    }
  }

  /** Sends the end of file behind everything that was sent. */
  finish(): void {
    if (!this.#finished && !this.#closed) {
      this.#finished = true;
      this.connection.end();
    }
  }

  /** The connection is gone. */
  markClosed(): void {
    this.#closed = true;
    this.ended = true;
  }
}
