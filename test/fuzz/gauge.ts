/** What an input did: which branches it reached how often, and how much memory it asked for. */

/** More sites than the sources have branches. */
const SITES = 32_768;
/** Counts are told apart in steps, so that one round of a loop more is nothing new. */
const STEPS = [1, 2, 3, 4, 8, 16, 32, 128];

const stepOf = makeSteps();

/** Counters that the instrumented sources write. */
export class Gauge {
  readonly hits = new Uint8Array(SITES);
  readonly #words = new Uint32Array(this.hits.buffer);
  readonly #places: string[] = [];
  /** The largest single array that was made since `begin`, in bytes. */
  largest = 0;
  /** All arrays that were made since `begin`, in bytes. */
  total = 0;

  /** In place of `new Uint8Array`. */
  readonly array = (...values: readonly unknown[]): Uint8Array => {
    const [length] = values;
    if (typeof length === "number") {
      this.total += length;
      this.largest = Math.max(this.largest, length);
    }
    return Reflect.construct(Uint8Array, values);
  };

  /** A number for one more branch, which stands at that place. */
  nextSite(place: string): number {
    if (this.#places.length === SITES) {
      throw new RangeError("more branches than counters");
    }
    return this.#places.push(place) - 1;
  }

  /** Where the branches are that there are in the modules loaded so far. */
  get places(): readonly string[] {
    return this.#places;
  }

  /** Forgets what the last input did. */
  begin(): void {
    this.hits.fill(0, 0, this.#places.length);
    this.largest = 0;
    this.total = 0;
  }

  /** An empty memory of what inputs have reached. */
  makeMemory(): Uint8Array {
    return new Uint8Array(SITES);
  }

  /** Whether the input reached a branch that is not in this memory, or one much more often; notes it. */
  isNew(seen: Uint8Array): boolean {
    let found = false;
    const end = Math.ceil(this.#places.length / 4);
    for (let word = 0; word < end; word++) {
      if (this.#words[word] !== 0) {
        for (let site = 4 * word; site < 4 * word + 4; site++) {
          found = this.#note(site, seen) || found;
        }
      }
    }
    return found;
  }

  #note(site: number, memory: Uint8Array): boolean {
    const step = stepOf[this.hits[site] ?? 0] ?? 0;
    const seen = memory[site] ?? 0;
    if ((seen | step) === seen) {
      return false;
    }
    memory[site] = seen | step;
    return true;
  }
}

/** Count → a bit that stands for its step. */
function makeSteps(): Uint8Array {
  const steps = new Uint8Array(256);
  for (const [bit, least] of STEPS.entries()) {
    steps.fill(1 << bit, least);
  }
  return steps;
}
