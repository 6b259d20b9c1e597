/** Bytes that arrive in pieces and are looked at as one: appending costs no more than copying them once or twice. */

const FIRST_CAPACITY = 1024;

export class GrowingBuffer {
  #store = new Uint8Array(FIRST_CAPACITY);
  #length = 0;

  /** What has been collected; the view is valid until the next change. */
  get bytes(): Uint8Array {
    return this.#store.subarray(0, this.#length);
  }

  get length(): number {
    return this.#length;
  }

  push(bytes: Uint8Array): void {
    const needed = this.#length + bytes.length;
    if (needed > this.#store.length) {
      const larger = new Uint8Array(Math.max(needed, 2 * this.#store.length));
      larger.set(this.bytes);
      this.#store = larger;
    }
    this.#store.set(bytes, this.#length);
    this.#length = needed;
  }

  /** Forgets bytes at the front. */
  drop(count: number): void {
    this.#store.copyWithin(0, count, this.#length);
    this.#length -= count;
  }
}
