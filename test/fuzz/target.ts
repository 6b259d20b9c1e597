/** What is fuzzed, and how a target tells what it found. */

import type { Random } from "../harness/random.ts";
import type { Fails } from "./minimise.ts";
import type { MutationSources } from "./mutate.ts";

/** One decoder or state machine, or a few that belong together. */
export interface FuzzTarget {
  /** As `--target` names it. */
  readonly name: string;
  /** Share of all inputs, relative to the others'. */
  readonly weight: number;
  /** Longest input, in bytes. */
  readonly maximumLength: number;
  /** Valid inputs to begin with. */
  readonly seeds: readonly Uint8Array[];
  readonly dictionary?: readonly Uint8Array[];
  /** A new input by the grammar. */
  readonly generate?: (random: Random) => Uint8Array;
  /** In place of the mutation of plain bytes. */
  readonly mutate?: (input: Uint8Array, sources: MutationSources) => Uint8Array;
  /** In place of the shortening of plain bytes: the smallest input for which `fails` holds. */
  readonly shorten?: (input: Uint8Array, fails: Fails) => Uint8Array;
  /** Arrays that one input may make beyond 16 times its own length, in bytes. */
  readonly allocation: { readonly largest: number; readonly total: number };
  /** Throws whatever must not be. */
  run(input: Uint8Array): void;
}

/** Something that has to hold does not. */
export class BrokenInvariantError extends Error {
  override readonly name = "BrokenInvariantError";
}

/** @throws BrokenInvariantError unless the condition holds. */
export function demand(condition: boolean, what: string): asserts condition {
  if (!condition) {
    throw new BrokenInvariantError(what);
  }
}

type ErrorClass = abstract new (...values: never[]) => Error;

/** The value, or `null` for one of the documented errors; any other goes on to the fuzzer. */
export function attempt<Value>(
  work: () => Value,
  ...documented: readonly ErrorClass[]
): Value | null {
  try {
    return work();
  } catch (error) {
    if (documented.some((known) => error instanceof known)) {
      return null;
    }
    throw error;
  }
}

/** Whether two byte arrays hold the same. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

/** The bytes of a text. */
export function ascii(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, "latin1"));
}
