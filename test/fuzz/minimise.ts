/** Makes an input that fails smaller, as long as it fails in the same way. */

import { concatBytes } from "../../src/bytes/mod.ts";

/** Whether an input fails in the way that is looked for. */
export type Fails = (bytes: Uint8Array) => boolean;

const MOST_TRIES = 4_000;
/** Inputs that fail by being slow must not be tried for hours. */
const LONGEST_MS = 20_000;

/** The smallest input found for which `fails` holds; pieces are taken out, then bytes set to zero. */
export function minimise(input: Uint8Array, fails: Fails): Uint8Array {
  const search = new Search(input, fails);
  for (let size = Math.ceil(input.length / 2); size >= 1; size = Math.floor(size / 2)) {
    search.removePieces(size);
  }
  search.removePieces(1);
  search.clearBytes();
  return search.best;
}

class Search {
  best: Uint8Array;
  readonly #fails: Fails;
  readonly #until = performance.now() + LONGEST_MS;
  #tries = 0;

  constructor(input: Uint8Array, fails: Fails) {
    this.best = input;
    this.#fails = fails;
  }

  removePieces(size: number): void {
    for (let at = 0; at < this.best.length; ) {
      const shorter = concatBytes(this.best.subarray(0, at), this.best.subarray(at + size));
      if (!this.#take(shorter)) {
        at += size;
      }
    }
  }

  clearBytes(): void {
    for (let at = 0; at < this.best.length; at++) {
      if (this.best[at] !== 0) {
        this.#take(this.best.with(at, 0));
      }
    }
  }

  #take(bytes: Uint8Array): boolean {
    const isOver = this.#tries++ >= MOST_TRIES || performance.now() > this.#until;
    if (isOver || !this.#fails(bytes)) {
      return false;
    }
    this.best = bytes;
    return true;
  }
}
