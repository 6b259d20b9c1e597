/** A connection that is asked one plain question before TLS takes it over. */

import type { Connection, ConnectionHandler } from "../transport/mod.ts";

/** Can be started once more after the question. */
export class BorrowedConnection implements Connection {
  readonly #base: Connection;
  #handler: ConnectionHandler | null = null;
  #started = false;

  constructor(base: Connection) {
    this.#base = base;
  }

  /** The first bytes of the peer after what is sent here; `null` when it closes or is silent. */
  ask(question: Uint8Array, timeoutMs: number): Promise<Uint8Array | null> {
    const answer = Promise.withResolvers<Uint8Array | null>();
    const timer = setTimeout(() => answer.resolve(null), timeoutMs);
    this.start({
      data: (bytes) => {
        this.#base.pause();
        answer.resolve(bytes);
      },
      drained: () => {},
      ended: () => answer.resolve(null),
      closed: () => answer.resolve(null),
    });
    this.#base.write(question);
    return answer.promise.finally(() => clearTimeout(timer));
  }

  get peer(): string {
    return this.#base.peer;
  }

  get queuedBytes(): number {
    return this.#base.queuedBytes;
  }

  start(handler: ConnectionHandler): void {
    this.#handler = handler;
    if (this.#started) {
      this.#base.resume();
      return;
    }
    this.#started = true;
    this.#base.start({
      data: (bytes) => this.#handler?.data(bytes),
      drained: () => this.#handler?.drained(),
      ended: () => this.#handler?.ended(),
      closed: (error) => this.#handler?.closed(error),
    });
  }

  write(bytes: Uint8Array): void {
    this.#base.write(bytes);
  }

  pause(): void {
    this.#base.pause();
  }

  resume(): void {
    this.#base.resume();
  }

  end(): void {
    this.#base.end();
  }

  abort(): void {
    this.#base.abort();
  }
}
