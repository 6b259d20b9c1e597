/** Asks for a key whenever it is needed, so that a reset of the keystore is seen at once. */

import type { PrivateKey } from "../themis/mod.ts";
import type { KeyKind, SessionEvents } from "./session_events.ts";

/** Finds a prepared key; `null` when there is none. May throw when one is there but unreadable. */
export type FindKey = () => PrivateKey | null;

/** A source of one key that tells the first failure of each kind and then keeps silent. */
export class KeyFinder {
  readonly #find: FindKey;
  readonly #kind: KeyKind;
  readonly #events: SessionEvents;
  #toldMissing = false;
  #toldUnreadable = false;

  constructor(find: FindKey, kind: KeyKind, events: SessionEvents) {
    this.#find = find;
    this.#kind = kind;
    this.#events = events;
  }

  /** The key, or `null` when there is none to be had. */
  find(): PrivateKey | null {
    try {
      const key = this.#find();
      if (key === null && !this.#toldMissing) {
        this.#toldMissing = true;
        this.#events.keyMissing(this.#kind);
      }
      return key;
    } catch (error) {
      if (!this.#toldUnreadable) {
        this.#toldUnreadable = true;
        this.#events.keyUnreadable(this.#kind, error);
      }
      return null;
    }
  }
}
