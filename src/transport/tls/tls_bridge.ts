/**
 * Lets the runtime's TLS, which works on a stream, work on a {@link Connection}. What TLS writes goes
 * to the connection at once: how much that may be is watched by who feeds the TLS with plain bytes.
 */

import { Duplex } from "node:stream";
import type { Connection } from "../connection.ts";

const NO_ERROR = null;

type WriteDone = (error?: Error | null) => void;

/** A stream that has no buffers of its own: each call goes through. */
export class TlsBridge extends Duplex {
  readonly #base: Connection;
  #finished = false;

  constructor(base: Connection) {
    super({ allowHalfOpen: true, autoDestroy: false, emitClose: false });
    this.#base = base;
  }

  /** Shows bytes of the connection to TLS. */
  feed(bytes: Uint8Array): void {
    this.emit("data", Buffer.from(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.length));
  }

  /** Shows TLS the end of the connection. */
  feedEnd(): void {
    this.emit("end");
  }

  override write(
    chunk: Uint8Array,
    encodingOrDone?: BufferEncoding | WriteDone,
    done?: WriteDone,
  ): boolean {
    if (!this.#finished) {
      this.#base.write(chunk);
    }
    const called = typeof encodingOrDone === "function" ? encodingOrDone : done;
    called?.(NO_ERROR);
    return true;
  }

  override end(): this {
    if (!this.#finished) {
      this.#finished = true;
      this.#base.end();
    }
    return this;
  }

  override pause(): this {
    return this;
  }

  override resume(): this {
    return this;
  }

  /** TLS calls it when it is over; what happens to the connection then is its owner's decision. */
  override destroy(): this {
    return this;
  }

  /** Whatever TLS still wants to send is dropped. */
  detach(): void {
    this.#finished = true;
  }

  override _read(): void {
    // Bytes are shown as they come.
  }
}
