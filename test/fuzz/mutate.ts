/** Changes to bytes: flips, edge values in the place of lengths, cuts, copies, splices, known words. */

import { concatBytes } from "../../src/bytes/mod.ts";
import { anyBytes, below, pick, type Random } from "../harness/random.ts";

/** What a mutation may draw on. */
export interface MutationSources {
  readonly random: Random;
  /** Words that mean something to the target. */
  readonly dictionary: readonly Uint8Array[];
  /** Another input, to splice with. */
  readonly other: Uint8Array;
  readonly maximumLength: number;
}

/** Values at which lengths, counts and numbers go wrong. */
const EDGES = [
  0, 1, 2, 3, 4, 5, 7, 8, 9, 12, 15, 16, 31, 32, 44, 45, 52, 63, 64, 65, 84, 127, 128, 144, 145,
  189, 190, 254, 255, 256, 257, 1023, 1024, 0x7fff, 0x8000, 0xfffe, 0xffff, 0x1_0000, 0x7f_ffff,
  0x100_0000, 0x3fff_ffff, 0x4000_0000, 0x4001_0001, 0x7fff_ffff, 0x8000_0000, 0xffff_fffe,
  0xffff_ffff,
];
const WIDTHS = [1, 2, 4, 8];
const LONGEST_PIECE = 64;

type Mutation = (bytes: Uint8Array, sources: MutationSources) => Uint8Array;

const MUTATIONS: readonly Mutation[] = [
  flipBit,
  flipBit,
  setByte,
  addSmall,
  setEdge,
  setEdge,
  setEdge,
  setLength,
  setWord,
  insertWord,
  insertBytes,
  removeRange,
  removeRange,
  repeatRange,
  moveRange,
  cutEnd,
  splice,
];

/** The input with one to eight changes, mostly few. */
export function mutateBytes(input: Uint8Array, sources: MutationSources): Uint8Array {
  const { random } = sources;
  let bytes: Uint8Array = input.slice();
  let changes = 1 + Math.floor(-Math.log2(1 - random() * 0.99));
  for (; changes > 0; changes--) {
    bytes = pick(MUTATIONS, random)(bytes, sources);
  }
  return bytes.length > sources.maximumLength ? bytes.slice(0, sources.maximumLength) : bytes;
}

function flipBit(bytes: Uint8Array, { random }: MutationSources): Uint8Array {
  const at = below(bytes.length, random);
  if (bytes.length > 0) {
    bytes[at] = (bytes[at] ?? 0) ^ (1 << below(8, random));
  }
  return bytes;
}

function setByte(bytes: Uint8Array, { random }: MutationSources): Uint8Array {
  return overwrite(bytes, Uint8Array.of(below(256, random)), random);
}

function addSmall(bytes: Uint8Array, { random }: MutationSources): Uint8Array {
  const at = below(bytes.length, random);
  if (bytes.length > 0) {
    bytes[at] = (bytes[at] ?? 0) + below(33, random) - 16;
  }
  return bytes;
}

function setEdge(bytes: Uint8Array, { random }: MutationSources): Uint8Array {
  return overwrite(bytes, numberBytes(pick(EDGES, random), random), random);
}

/** A length that is nearly right: what lies behind it, or all there is, and a few more or fewer. */
function setLength(bytes: Uint8Array, { random }: MutationSources): Uint8Array {
  const at = below(bytes.length, random);
  const whole = random() < 0.5 ? bytes.length : bytes.length - at;
  const number = numberBytes(Math.max(0, whole + below(17, random) - 12), random);
  return put(bytes, number, at);
}

function setWord(bytes: Uint8Array, { random, dictionary }: MutationSources): Uint8Array {
  return dictionary.length === 0 ? bytes : overwrite(bytes, pick(dictionary, random), random);
}

function insertWord(bytes: Uint8Array, { random, dictionary }: MutationSources): Uint8Array {
  return dictionary.length === 0 ? bytes : insert(bytes, pick(dictionary, random), random);
}

function insertBytes(bytes: Uint8Array, { random }: MutationSources): Uint8Array {
  const length = 1 + below(8, random);
  const piece =
    random() < 0.5 ? anyBytes(length, random) : new Uint8Array(length).fill(below(256, random));
  return insert(bytes, piece, random);
}

function removeRange(bytes: Uint8Array, { random }: MutationSources): Uint8Array {
  const { from, to } = anyRange(bytes, random);
  return concatBytes(bytes.subarray(0, from), bytes.subarray(to));
}

function repeatRange(bytes: Uint8Array, { random }: MutationSources): Uint8Array {
  const { from, to } = anyRange(bytes, random);
  return concatBytes(bytes.subarray(0, to), bytes.subarray(from));
}

function moveRange(bytes: Uint8Array, { random }: MutationSources): Uint8Array {
  const { from, to } = anyRange(bytes, random);
  return put(bytes, bytes.slice(from, to), below(bytes.length, random));
}

function cutEnd(bytes: Uint8Array, { random }: MutationSources): Uint8Array {
  return bytes.slice(0, below(bytes.length + 1, random));
}

function splice(bytes: Uint8Array, { random, other }: MutationSources): Uint8Array {
  const keep = bytes.subarray(0, below(bytes.length + 1, random));
  return concatBytes(keep, other.subarray(below(other.length + 1, random)));
}

function anyRange(bytes: Uint8Array, random: Random): { from: number; to: number } {
  const from = below(bytes.length, random);
  const longest = random() < 0.1 ? bytes.length : LONGEST_PIECE;
  return { from, to: Math.min(bytes.length, from + 1 + below(longest, random)) };
}

/** The number in one to eight bytes, of either order. */
function numberBytes(value: number, random: Random): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value));
  const narrow = bytes.slice(8 - pick(WIDTHS, random));
  return random() < 0.6 ? narrow : narrow.reverse();
}

function overwrite(bytes: Uint8Array, piece: Uint8Array, random: Random): Uint8Array {
  return put(bytes, piece, below(bytes.length, random));
}

function put(bytes: Uint8Array, piece: Uint8Array, at: number): Uint8Array {
  bytes.set(piece.subarray(0, Math.max(0, bytes.length - at)), Math.min(at, bytes.length));
  return bytes;
}

function insert(bytes: Uint8Array, piece: Uint8Array, random: Random): Uint8Array {
  const at = below(bytes.length + 1, random);
  return concatBytes(bytes.subarray(0, at), piece, bytes.subarray(at));
}
