/** A number of places. */

import { OwnPlaceCounter, type PlaceCounter } from "./places.ts";

/** Gives out places while there are any. */
export class Ceiling {
  /** May change at any time; whoever is in stays in. */
  limit: number;
  readonly #counter: PlaceCounter;

  /** The counter may be shared with other threads. */
  constructor(limit: number, counter: PlaceCounter = new OwnPlaceCounter()) {
    this.limit = limit;
    this.#counter = counter;
  }

  /** Takes a place, unless as many as the limit are taken or `used` up otherwise; the answer gives it back. */
  enter(used = 0): (() => void) | null {
    if (!this.#counter.take(this.limit - used)) {
      return null;
    }
    let inside = true;
    return () => {
      if (inside) {
        inside = false;
        this.#counter.giveBack();
      }
    };
  }
}
