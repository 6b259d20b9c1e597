/** A handler that writes down what a connection tells, and waits for it. */

import type { Connection, ConnectionHandler } from "../../src/transport/mod.ts";

const WAIT_MS = 10_000;

export class Recorder implements ConnectionHandler {
  readonly connection: Connection;
  chunks: Uint8Array[] = [];
  length = 0;
  drainedCount = 0;
  hasEnded = false;
  /** `undefined` while open. */
  closedWith: Error | null | undefined = undefined;
  /** Events in order; runs of data count once. */
  readonly events: string[] = [];
  onData: (bytes: Uint8Array) => void = () => {};
  #watchers: (() => void)[] = [];

  constructor(connection: Connection) {
    this.connection = connection;
  }

  /** A recorder that is the handler of this connection. */
  static on(connection: Connection): Recorder {
    const recorder = new Recorder(connection);
    connection.start(recorder);
    return recorder;
  }

  data(bytes: Uint8Array): void {
    this.#note("data");
    this.chunks.push(bytes);
    this.length += bytes.length;
    this.onData(bytes);
    this.#wake();
  }

  drained(): void {
    this.drainedCount++;
    this.#wake();
  }

  ended(): void {
    this.#note("ended");
    this.hasEnded = true;
    this.#wake();
  }

  closed(error: Error | null): void {
    this.#note("closed");
    this.closedWith = error;
    this.#wake();
  }

  get bytes(): Uint8Array {
    return Buffer.concat(this.chunks);
  }

  get text(): string {
    return new TextDecoder().decode(this.bytes);
  }

  /** Resolves as soon as the condition holds; looks at every event. */
  async until(condition: (recorder: Recorder) => boolean, about: string): Promise<void> {
    const deadline = Date.now() + WAIT_MS;
    while (!condition(this)) {
      const left = deadline - Date.now();
      if (left <= 0) {
        throw new Error(`waited in vain for: ${about} (events: ${this.events.join(" ")})`);
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#watchers.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  async untilClosed(): Promise<Error | null> {
    await this.until((recorder) => recorder.closedWith !== undefined, "closed");
    return this.closedWith ?? null;
  }

  #note(event: string): void {
    if (this.events.at(-1) !== event) {
      this.events.push(event);
    }
  }

  #wake(): void {
    for (const watcher of this.#watchers.splice(0)) {
      watcher();
    }
  }
}
