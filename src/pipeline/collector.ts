/** Joins the pieces of one message whose length is known, without believing that length at once. */

const FIRST_CAPACITY = 64 * 1024;

/** Holds the pieces in one array, which grows with what really arrives. */
export class Collector {
  readonly total: number;
  #bytes: Uint8Array;
  #length = 0;

  constructor(total: number) {
    this.total = total;
    this.#bytes = new Uint8Array(Math.min(total, FIRST_CAPACITY));
  }

  /** Copies a piece behind the ones before it. */
  append(piece: Uint8Array): void {
    const length = this.#length + piece.length;
    if (length > this.#bytes.length) {
      const grown = new Uint8Array(Math.min(this.total, Math.max(length, this.#bytes.length * 2)));
      grown.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = grown;
    }
    this.#bytes.set(piece, this.#length);
    this.#length = length;
  }

  /** A view of what has arrived. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }
}
