/** Collects the actions of one turn; neighbouring sends to the same side become one. */

import type { Action, Side } from "./session.ts";

/** The actions of one call into a session, in their order. */
export class Output {
  readonly #actions: Action[] = [];
  #to: Side | null = null;
  #buffers: Uint8Array[] = [];

  send(to: Side, bytes: Uint8Array): void {
    if (bytes.length === 0) {
      return;
    }
    if (this.#to !== to) {
      this.#to = to;
      this.#buffers = [];
      this.#actions.push({ kind: "send", to, buffers: this.#buffers });
    }
    this.#buffers.push(bytes);
  }

  /** Sends `bytes[start … end)`: the array itself where that is all of it. */
  sendPart(to: Side, bytes: Uint8Array, start: number, end: number): void {
    this.send(to, start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end));
  }

  alarm(): void {
    this.#to = null;
    this.#actions.push({ kind: "alarm" });
  }

  startTls(side: Side, head: Uint8Array, direct: boolean): void {
    this.#to = null;
    this.#actions.push({ kind: "start-tls", side, head, direct });
  }

  close(reason: string, error: boolean): void {
    this.#to = null;
    this.#actions.push({ kind: "close", reason, error });
  }

  get actions(): readonly Action[] {
    return this.#actions;
  }
}
