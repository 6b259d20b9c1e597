/** Secure Cell in Seal mode: themis.md §4. */

import { ByteReader, ByteWriter } from "../bytes/mod.ts";
import { DecryptError, gcmOpen, gcmSeal, randomBytes, wipe } from "../crypto/mod.ts";
import { kdf } from "./kdf.ts";
import type { RandomSource } from "./random.ts";

// Specification (§4.1).
const ALGORITHM_AES_256 = 0x40010100;
const ALGORITHM_AES_192 = 0x400100c0;
const ALGORITHM_AES_128 = 0x40010080;
const IV_LENGTH = 12;
const TAG_LENGTH = 16;
const HEADER_LENGTH = 44;
const MAXIMUM_PLAINTEXT_LENGTH = 0xffff_ffff;
const LABEL = "Themis secure cell message key";

const NO_CONTEXT = new Uint8Array();

/** How a cell is opened. */
export interface OpenCellOptions {
  /**
   * Whether cells made by Themis up to 0.9.6 open, which took the length as eight bytes into the
   * key (§4.3 step 5). They do unless this is `false`.
   */
  readonly acceptOldForm?: boolean;
}

/** A cell taken apart: its header is checked, nothing is authenticated. All parts are views. */
export interface DecodedCell {
  readonly keyLength: number;
  readonly iv: Uint8Array;
  readonly tag: Uint8Array;
  readonly ciphertext: Uint8Array;
}

/**
 * Encrypts and authenticates; `context` is authenticated too and must be given again to open.
 * The answer is 44 bytes longer than the plaintext.
 * @throws RangeError for an empty key or an empty plaintext.
 */
export function sealCell(
  key: Uint8Array,
  plaintext: Uint8Array,
  context: Uint8Array | null = null,
): Uint8Array {
  return sealCellWith(randomBytes, key, plaintext, context);
}

/** {@link sealCell} with the initialisation vector drawn from `random`. */
export function sealCellWith(
  random: RandomSource,
  key: Uint8Array,
  plaintext: Uint8Array,
  context: Uint8Array | null,
): Uint8Array {
  if (plaintext.length === 0 || plaintext.length > MAXIMUM_PLAINTEXT_LENGTH) {
    throw new RangeError(`A Secure Cell cannot hold ${plaintext.length} bytes`);
  }
  const aad = context ?? NO_CONTEXT;
  const cellKey = kdf(key, LABEL, [le32(plaintext.length), aad], 32);
  try {
    const iv = random(IV_LENGTH);
    const { ciphertext, tag } = gcmSeal(cellKey, iv, plaintext, aad);
    return new ByteWriter(HEADER_LENGTH + ciphertext.length)
      .u32le(ALGORITHM_AES_256)
      .u32le(IV_LENGTH)
      .u32le(TAG_LENGTH)
      .u32le(ciphertext.length)
      .bytes(iv)
      .bytes(tag)
      .bytes(ciphertext)
      .finish();
  } finally {
    wipe(cellKey);
  }
}

/**
 * The plaintext of a cell.
 * @throws FormatError when the bytes have no cell's form; DecryptError when key or context do not
 * fit or anything was changed; RangeError for an empty key.
 */
export function openCell(
  key: Uint8Array,
  sealed: Uint8Array,
  context: Uint8Array | null = null,
  options: OpenCellOptions = {},
): Uint8Array {
  return openDecodedCell(key, decodeCell(sealed), context, options);
}

/**
 * Checks the header of a cell, so that what cannot be one costs no cryptography.
 * @throws FormatError unless algorithm and lengths are exactly those that Themis writes (§4.3).
 */
export function decodeCell(sealed: Uint8Array): DecodedCell {
  const reader: ByteReader = new ByteReader(sealed, "Secure Cell");
  const keyLength = keyLengthOf(reader.u32le());
  const ivLength = reader.u32le();
  const tagLength = reader.u32le();
  const length = reader.u32le();
  if (keyLength === null || ivLength !== IV_LENGTH || tagLength !== TAG_LENGTH || length === 0) {
    reader.fail("unknown algorithm or lengths");
  }
  const iv = reader.bytes(IV_LENGTH);
  const tag = reader.bytes(TAG_LENGTH);
  const ciphertext = reader.bytes(length);
  reader.end();
  return { keyLength, iv, tag, ciphertext };
}

/**
 * Whether the bytes have the form of a cell: says nothing about whether they open, costs next to nothing.
 */
export function hasCellForm(sealed: Uint8Array): boolean {
  const reader = new ByteReader(sealed, "Secure Cell");
  if (reader.remaining <= HEADER_LENGTH) {
    return false;
  }
  const keyLength = keyLengthOf(reader.u32le());
  const usual = reader.u32le() === IV_LENGTH && reader.u32le() === TAG_LENGTH;
  return keyLength !== null && usual && reader.u32le() === sealed.length - HEADER_LENGTH;
}

/** {@link openCell} behind its header check. */
export function openDecodedCell(
  key: Uint8Array,
  cell: DecodedCell,
  context: Uint8Array | null,
  options: OpenCellOptions = {},
): Uint8Array {
  const { length } = cell.ciphertext;
  const aad = context ?? NO_CONTEXT;
  let plaintext = tryOpen(key, cell, le32(length), aad);
  if (plaintext === null && options.acceptOldForm !== false) {
    plaintext = tryOpen(key, cell, le64(length), aad);
  }
  if (plaintext === null) {
    throw new DecryptError();
  }
  return plaintext;
}

function tryOpen(
  key: Uint8Array,
  cell: DecodedCell,
  length: Uint8Array,
  aad: Uint8Array,
): Uint8Array | null {
  const derived = kdf(key, LABEL, [length, aad], 32);
  try {
    const cellKey = derived.subarray(0, cell.keyLength);
    return gcmOpen(cellKey, cell.iv, cell.ciphertext, cell.tag, aad);
  } finally {
    wipe(derived);
  }
}

function keyLengthOf(algorithm: number): number | null {
  switch (algorithm) {
    case ALGORITHM_AES_256:
      return 32;
    case ALGORITHM_AES_192:
      return 24;
    case ALGORITHM_AES_128:
      return 16;
    default:
      return null;
  }
}

function le32(value: number): Uint8Array {
  return new ByteWriter(4).u32le(value).finish();
}

function le64(value: number): Uint8Array {
  return new ByteWriter(8).u64le(BigInt(value)).finish();
}
