/**
 * The loop: makes inputs for one target, keeps those that reach new branches, checks time and memory
 * of each, and makes what fails as small as it can.
 */

import { pick, type Random } from "../harness/random.ts";
import type { Gauge } from "./gauge.ts";
import { minimise } from "./minimise.ts";
import { mutateBytes } from "./mutate.ts";
import { ascii, BrokenInvariantError, type FuzzTarget } from "./target.ts";

/** What was found, once for each kind of failure. */
export interface Finding {
  readonly failure: string;
  readonly input: Uint8Array;
  /** How many inputs failed like that. */
  count: number;
}

/** Generous: inputs take microseconds, and the machine may be busy. */
const SLOW_MS = 2_000;
const SLOW_TRIES = 3;
const LARGEST_CORPUS = 1_500;
const GENERATED_AT_FIRST = 64;
const SHARE_GENERATED = 0.3;
const MOST_FINDINGS = 8;
/** The time is looked at that often. */
const INPUTS_PER_LOOK = 64;
/** A decoded form may be a multiple of what was sent. */
const ALLOCATION_PER_BYTE = 16;

const COMMON_DICTIONARY = ["\0", "\xff\xff\xff\xff", "\r\n", "\0\0\0\x04", "\0\0\0\0"].map(ascii);

/** One target being fuzzed. */
export class TargetRun {
  readonly target: FuzzTarget;
  readonly findings: Finding[] = [];
  readonly #gauge: Gauge;
  readonly #random: Random;
  readonly #dictionary: readonly Uint8Array[];
  readonly #corpus: Uint8Array[] = [];
  /** Every target has a memory of its own: what another one reached is no use to this one. */
  readonly reached: Uint8Array;
  #kept = 0;
  #told = 0;
  #inputs = 0;
  #elapsed = 0;

  constructor(target: FuzzTarget, gauge: Gauge, random: Random) {
    this.target = target;
    this.#gauge = gauge;
    this.reached = gauge.makeMemory();
    this.#random = random;
    this.#dictionary = [...COMMON_DICTIONARY, ...(target.dictionary ?? [])];
  }

  /** Inputs tried so far. */
  get inputs(): number {
    return this.#inputs;
  }

  /** Time spent on them, in ms. */
  get elapsed(): number {
    return this.#elapsed;
  }

  /** Inputs that reached something new. */
  get kept(): number {
    return this.#kept;
  }

  /** What was found since this was asked last. */
  takeNewFindings(): readonly Finding[] {
    const news = this.findings.slice(this.#told);
    this.#told = this.findings.length;
    return news;
  }

  /** Tries some more inputs, fewer when the time is over (`until`, as `performance.now` tells it). */
  step(count: number, until: number): void {
    const begin = performance.now();
    const end = this.#inputs + count;
    for (const input of this.#inputs === 0 ? this.#firstInputs() : []) {
      if (this.#inputs < end) {
        this.#try(input);
      }
    }
    while (this.#inputs < end) {
      if (this.#inputs % INPUTS_PER_LOOK === 0 && performance.now() > until) {
        break;
      }
      this.#try(this.#nextInput());
    }
    this.#elapsed += performance.now() - begin;
  }

  /** Tries one input; the failure, or `null`. */
  check(input: Uint8Array): string | null {
    for (let tries = 1; ; tries++) {
      this.#gauge.begin();
      const begin = performance.now();
      try {
        this.target.run(input);
        this.#checkAllocation(input);
      } catch (error) {
        return describe(error);
      }
      const elapsed = performance.now() - begin;
      if (elapsed < SLOW_MS) {
        return null;
      }
      if (tries === SLOW_TRIES) {
        return `takes more than ${SLOW_MS} ms`;
      }
    }
  }

  #firstInputs(): readonly Uint8Array[] {
    const { seeds, generate } = this.target;
    const random = this.#random;
    const generated = Array.from(
      { length: generate === undefined ? 0 : GENERATED_AT_FIRST },
      () => generate?.(random) ?? new Uint8Array(),
    );
    return [new Uint8Array(), ...seeds, ...generated];
  }

  #nextInput(): Uint8Array {
    const random = this.#random;
    const { generate, mutate = mutateBytes, maximumLength } = this.target;
    if (generate !== undefined && random() < SHARE_GENERATED) {
      return generate(random);
    }
    const dictionary = this.#dictionary;
    const other = pick(this.#corpus, random);
    return mutate(pick(this.#corpus, random), { random, dictionary, other, maximumLength });
  }

  #try(input: Uint8Array): void {
    const failure = this.check(input);
    const isNew = this.#gauge.isNew(this.reached);
    this.#inputs++;
    if (failure !== null) {
      this.#report(input, failure);
    } else if (isNew || this.#corpus.length === 0) {
      this.#keep(input);
    }
  }

  #keep(input: Uint8Array): void {
    this.#kept++;
    if (this.#corpus.length < LARGEST_CORPUS) {
      this.#corpus.push(input);
    } else {
      this.#corpus[Math.floor(this.#random() * LARGEST_CORPUS)] = input;
    }
  }

  #report(input: Uint8Array, failure: string): void {
    const known = this.findings.find((finding) => finding.failure === failure);
    if (known !== undefined) {
      known.count++;
    } else if (this.findings.length < MOST_FINDINGS) {
      const { shorten = minimise } = this.target;
      const smallest = shorten(input, (bytes) => this.check(bytes) === failure);
      this.findings.push({ failure, input: smallest, count: 1 });
    }
  }

  #checkAllocation(input: Uint8Array): void {
    const { largest, total } = this.target.allocation;
    const extra = input.length * ALLOCATION_PER_BYTE;
    if (this.#gauge.largest > largest + extra) {
      throw new BrokenInvariantError("allocates too much at once");
    }
    if (this.#gauge.total > total + extra) {
      throw new BrokenInvariantError("allocates too much");
    }
  }
}

/** The error and where it was thrown: what tells one failure from another. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) {
    return `throws ${String(error)}`;
  }
  const message = `${error.name}: ${error.message}`.replaceAll(/\d+/g, "N").slice(0, 200);
  const place = /\((.*?)([^/]+\/[^/]+\.ts:\d+)/.exec(error.stack ?? "")?.[2] ?? "";
  return error instanceof BrokenInvariantError ? error.message : `${message} at ${place}`;
}
