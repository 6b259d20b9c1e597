/** The forms of `bytea` cells and the order in which they are tried: acra-proxy.md §5.2. */

import { ACRASTRUCT_TAG } from "../../acrastruct/mod.ts";
import { encodeHex } from "../../bytes/mod.ts";
import {
  BINARY_FORMAT,
  decodeBareHex,
  decodeByteaEscape,
  decodeByteaHex,
  encodeByteaEscape,
  encodeByteaHex,
} from "../../wire/postgres/mod.ts";
import { type CellForm, RAW_FORM, startsWith } from "../cell_form.ts";

/** The text form that the database is said to use; a preference, every form is understood. */
export type ByteaFormat = "hex" | "escape";

const BARE_HEX_TAG = encodeHex(ACRASTRUCT_TAG);
const HEX_TAG = encodeByteaHex(ACRASTRUCT_TAG);

const HEX_FORM: CellForm = {
  isHex: true,
  startsWithTag: (cell) => startsWith(cell, HEX_TAG),
  decode: decodeByteaHex,
  encode: encodeByteaHex,
};

const BARE_HEX_FORM: CellForm = {
  isHex: true,
  startsWithTag: (cell) => startsWith(cell, BARE_HEX_TAG),
  decode: decodeBareHex,
  // Acra 0.82 puts `\x` in front where it replaces the whole cell.
  encode: (bytes, mode) => (mode === "whole-cell" ? encodeByteaHex(bytes) : encodeHex(bytes)),
};

const ESCAPE_FORM: CellForm = {
  isHex: false,
  startsWithTag: (cell) => startsWith(cell, ACRASTRUCT_TAG),
  decode: decodeByteaEscape,
  encode: encodeByteaEscape,
};

const TEXT_FORMS: Readonly<Record<ByteaFormat, readonly CellForm[]>> = {
  hex: [HEX_FORM, BARE_HEX_FORM, ESCAPE_FORM, RAW_FORM],
  escape: [ESCAPE_FORM, HEX_FORM, BARE_HEX_FORM, RAW_FORM],
};

/** A text column read in binary format still may hold digits, which Acra 0.82 decrypts. */
const BINARY_FORMS: readonly CellForm[] = [RAW_FORM, HEX_FORM, BARE_HEX_FORM];

/** Longest start of a cell that tells whether it begins with a tag, in any form. */
export const TAG_PREFIX_LENGTH = HEX_TAG.length;

/** The forms of a cell, the likeliest first; `format` is its format code, `null` when unknown. */
export function formsOf(format: number | null, preferred: ByteaFormat): readonly CellForm[] {
  return format === BINARY_FORMAT ? BINARY_FORMS : TEXT_FORMS[preferred];
}

/** Whether a cell that starts like this begins with a tag, in any form. */
export function startsWithAnyTag(start: Uint8Array): boolean {
  return (
    startsWith(start, ACRASTRUCT_TAG) ||
    startsWith(start, HEX_TAG) ||
    startsWith(start, BARE_HEX_TAG)
  );
}
