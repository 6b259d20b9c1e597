/** Damage for properties: inputs close enough to a valid one to get past the first checks. */

import fc from "fast-check";

/** How often a property runs; a hundred times as often when the variable SLOW is set. */
export function runs(count: number): { readonly numRuns: number } {
  const { SLOW } = process.env;
  return { numRuns: SLOW === undefined ? count : count * 100 };
}

/** One of the valid inputs with a few bytes set, bits flipped, cut out or put in; or anything at all. */
export function mutated(...valid: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> {
  const edit = fc.record({
    kind: fc.constantFrom("set", "flip", "insert", "remove", "cut", "boundary"),
    at: fc.nat(0xffff),
    value: fc.nat(0xff),
  });
  const damaged = fc
    .tuple(fc.constantFrom(...valid), fc.array(edit, { minLength: 1, maxLength: 3 }))
    .map(([base, edits]) => edits.reduce(apply, base));
  return fc.oneof({ weight: 9, arbitrary: damaged }, fc.uint8Array({ maxLength: 300 }));
}

interface Edit {
  readonly kind: "set" | "flip" | "insert" | "remove" | "cut" | "boundary";
  readonly at: number;
  readonly value: number;
}

/** Values that length fields go wrong at. */
const BOUNDARIES = [0x00, 0x01, 0x7f, 0x80, 0xfe, 0xff];

function apply(bytes: Uint8Array, { kind, at, value }: Edit): Uint8Array {
  if (bytes.length === 0) {
    return Uint8Array.of(value);
  }
  const index = at % bytes.length;
  switch (kind) {
    case "set":
      return bytes.with(index, value);
    case "flip":
      return bytes.with(index, (bytes[index] ?? 0) ^ (1 << (value % 8)));
    case "insert":
      return Uint8Array.of(...bytes.subarray(0, index), value, ...bytes.subarray(index));
    case "remove":
      return Uint8Array.of(...bytes.subarray(0, index), ...bytes.subarray(index + 1));
    case "cut":
      return bytes.slice(0, index);
    case "boundary":
      return bytes.with(index, BOUNDARIES[value % BOUNDARIES.length] ?? 0);
  }
}
