/** A number of places. */

/** Gives out places while there are any. */
export class Ceiling {
  /** May change at any time; whoever is in stays in. */
  limit: number;
  #taken = 0;

  constructor(limit: number) {
    this.limit = limit;
  }

  /** Takes a place, unless as many as the limit are taken or `used` up otherwise; the answer gives it back. */
  enter(used = 0): (() => void) | null {
    if (this.#taken + used >= this.limit) {
      return null;
    }
    this.#taken++;
    let inside = true;
    return () => {
      if (inside) {
        inside = false;
        this.#taken--;
      }
    };
  }
}
