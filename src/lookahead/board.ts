/** The memory in which the threads of a program help each other: lanes for each thread, and a bell. */

import { LANE_BYTES, Lane } from "./lane.ts";

/** Sessions of one thread that are helped at the same time. */
const LANES = 4;
const BELL_BYTES = 8;

// Places in the numbers of a bell.
const RUNG = 0;
const ASLEEP = 1;

/** Wakes one thread. */
export class Bell {
  readonly #numbers: Int32Array;

  constructor(memory: SharedArrayBuffer, offset: number) {
    this.#numbers = new Int32Array(memory, offset, BELL_BYTES / 4);
  }

  /** Wakes the thread if it sleeps; costs next to nothing if it does not. */
  ring(): void {
    if (Atomics.load(this.#numbers, ASLEEP) === 1) {
      Atomics.store(this.#numbers, ASLEEP, 0);
      Atomics.add(this.#numbers, RUNG, 1);
      Atomics.notify(this.#numbers, RUNG);
    }
  }

  /** Sleeps until somebody rings, unless `mayStay` finds work that came in the meantime. */
  async sleep(mayStay: () => boolean): Promise<void> {
    const rung = Atomics.load(this.#numbers, RUNG);
    Atomics.store(this.#numbers, ASLEEP, 1);
    if (mayStay()) {
      Atomics.store(this.#numbers, ASLEEP, 0);
      return;
    }
    const waiting = Atomics.waitAsync(this.#numbers, RUNG, rung);
    if (waiting.async) {
      await waiting.value;
    }
  }
}

/** One thread's view of all of it. */
export class Board {
  readonly #threads: readonly { readonly bell: Bell; readonly lanes: readonly Lane[] }[];
  readonly #own: number;

  /** Memory for a number of threads. */
  static allocate(threads: number): SharedArrayBuffer {
    return new SharedArrayBuffer(threads * (BELL_BYTES + LANES * LANE_BYTES));
  }

  /** @param own the number of the thread that looks, from 0 */
  constructor(memory: SharedArrayBuffer, own: number) {
    const size = BELL_BYTES + LANES * LANE_BYTES;
    this.#own = own;
    this.#threads = Array.from({ length: memory.byteLength / size }, (_, thread) => ({
      bell: new Bell(memory, thread * size),
      lanes: Array.from(
        { length: LANES },
        (_lane, lane) => new Lane(memory, thread * size + BELL_BYTES + lane * LANE_BYTES),
      ),
    }));
  }

  /** The number of this thread. */
  get thread(): number {
    return this.#own;
  }

  get ownLanes(): readonly Lane[] {
    return this.#threads[this.#own]?.lanes ?? [];
  }

  get ownBell(): Bell | null {
    return this.#threads[this.#own]?.bell ?? null;
  }

  /** Those of the other threads, the next thread's first, so that not all begin with the same one. */
  get otherLanes(): readonly Lane[] {
    return this.#others().flatMap(({ lanes }) => lanes);
  }

  get otherBells(): readonly Bell[] {
    return this.#others().map(({ bell }) => bell);
  }

  /** A thread is gone, and another one may take its place: nothing is left of what it was about. */
  release(thread: number): void {
    for (const { lanes } of this.#threads) {
      for (const lane of lanes) {
        lane.releaseClaims(thread);
      }
    }
    for (const lane of this.#threads[thread]?.lanes ?? []) {
      lane.close();
    }
  }

  #others() {
    return [...this.#threads.slice(this.#own + 1), ...this.#threads.slice(0, this.#own)];
  }
}
