/**
 * How many places are taken: by this thread alone, or by all threads of a program together, so that as
 * many are let in as the limit says, however many threads there are.
 */

import { countAbandonedDials } from "../transport/mod.ts";

/** What is counted. */
const KINDS = ["sessions", "connections", "api"] as const;

/** Sessions, all connections for them, and connections to the HTTP API. */
export type PlaceKind = (typeof KINDS)[number];

/** The taken places of one kind. */
export interface PlaceCounter {
  /** Takes a place, unless as many as `limit` are taken. */
  take(limit: number): boolean;
  /** Gives one back that was taken here. */
  giveBack(): void;
}

/** The places that a thread takes, and those of the threads that it shares the limits with. */
export interface Places {
  of(kind: PlaceKind): PlaceCounter;
  /** Connections that were given up and still hold a descriptor. */
  countAbandonedDials(): number;
}

/** Counts for a program of one thread. */
export class OwnPlaceCounter implements PlaceCounter {
  #taken = 0;

  take(limit: number): boolean {
    if (this.#taken >= limit) {
      return false;
    }
    this.#taken++;
    return true;
  }

  giveBack(): void {
    this.#taken--;
  }
}

/** The places of a program of one thread. */
export function ownPlaces(): Places {
  return { of: () => new OwnPlaceCounter(), countAbandonedDials };
}

/** Elements of a thread's row: one for each kind, and one for abandoned dials. */
const ROW = KINDS.length + 1;

/**
 * The places of a program of several threads. The memory holds a row for each thread, what it has
 * taken, and last a row of sums. The sum decides, by one exchange that either holds or is tried again;
 * the row of a thread tells what to give back when the thread is gone.
 */
export class SharedPlaces implements Places {
  readonly memory: SharedArrayBuffer;
  /** The first element is where this thread counts its abandoned dials. */
  readonly abandonedDials: Int32Array<ArrayBufferLike>;
  readonly #cells: Int32Array<SharedArrayBuffer>;
  readonly #threads: number;
  readonly #thread: number;

  /** Memory for so many threads. */
  static allocate(threads: number): SharedArrayBuffer {
    return new SharedArrayBuffer((threads + 1) * ROW * Int32Array.BYTES_PER_ELEMENT);
  }

  /** As the thread of this number, from 0, sees them. */
  constructor(memory: SharedArrayBuffer, thread: number) {
    this.memory = memory;
    this.#cells = new Int32Array(memory);
    this.#threads = this.#cells.length / ROW - 1;
    this.#thread = thread;
    this.abandonedDials = this.#cells.subarray(this.#abandonedCell(thread));
  }

  of(kind: PlaceKind): PlaceCounter {
    const cells = this.#cells;
    const total = this.#sumCell(kind);
    const own = this.#thread * ROW + KINDS.indexOf(kind);
    return {
      take: (limit) => {
        let taken = Atomics.load(cells, total);
        for (;;) {
          if (taken >= limit) {
            return false;
          }
          const found = Atomics.compareExchange(cells, total, taken, taken + 1);
          if (found === taken) {
            Atomics.add(cells, own, 1);
            return true;
          }
          taken = found;
        }
      },
      giveBack: () => {
        Atomics.sub(cells, own, 1);
        Atomics.sub(cells, total, 1);
      },
    };
  }

  countAbandonedDials(): number {
    let count = 0;
    for (let thread = 0; thread < this.#threads; thread++) {
      count += Atomics.load(this.#cells, this.#abandonedCell(thread));
    }
    return count;
  }

  /** Places of a kind that are taken by all threads. */
  countTaken(kind: PlaceKind): number {
    return Atomics.load(this.#cells, this.#sumCell(kind));
  }

  /** Connections that each thread has. */
  countConnections(): readonly number[] {
    const index = KINDS.indexOf("connections");
    return Array.from({ length: this.#threads }, (_, thread) =>
      Atomics.load(this.#cells, thread * ROW + index),
    );
  }

  /** Gives back all that a thread had, which is gone. */
  release(thread: number): void {
    for (const [index, kind] of KINDS.entries()) {
      const had = Atomics.exchange(this.#cells, thread * ROW + index, 0);
      Atomics.sub(this.#cells, this.#sumCell(kind), had);
    }
    Atomics.store(this.#cells, this.#abandonedCell(thread), 0);
  }

  #sumCell(kind: PlaceKind): number {
    return this.#threads * ROW + KINDS.indexOf(kind);
  }

  #abandonedCell(thread: number): number {
    return thread * ROW + KINDS.length;
  }
}
