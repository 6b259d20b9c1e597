/** How soon a thread is started again that ended: a thread that cannot live must not keep a core busy. */

/** Ends that are longer ago do not count, in ms. */
const REMEMBERED_MS = 60_000;
const SHORTEST_MS = 100;
const LONGEST_MS = 30_000;

/** Waits twice as long with each end within a minute. */
export class RestartPace {
  #ends: number[] = [];

  /** A thread ended at this moment, in ms; answers how long to wait, in ms. */
  next(now: number): number {
    this.#ends = [...this.#ends.filter((end) => now - end < REMEMBERED_MS), now];
    return Math.min(SHORTEST_MS * 2 ** (this.#ends.length - 1), LONGEST_MS);
  }
}
