/** The forms in which the bytes of a cell may travel. */

import { ACRASTRUCT_TAG } from "../acrastruct/mod.ts";

/** Where in a cell AcraStructs are looked for: at its first byte, or everywhere (acra-formats.md §1.4). */
export type CellMode = "whole-cell" | "injected-cell";

/** One form: a way to write bytes into a cell. */
export interface CellForm {
  /** Whether every byte is written as two hexadecimal digits. */
  readonly isHex: boolean;
  /** Whether a cell of this form begins with the tag of an AcraStruct; costs almost nothing. */
  startsWithTag(cell: Uint8Array): boolean;
  /** The bytes, or `null` when the cell is not of this form. */
  decode(cell: Uint8Array): Uint8Array | null;
  /** Writes bytes in this form, for a cell that was of this form in that mode. */
  encode(bytes: Uint8Array, mode: CellMode): Uint8Array;
}

/** The bytes themselves. */
export const RAW_FORM: CellForm = {
  isHex: false,
  startsWithTag: (cell) => startsWith(cell, ACRASTRUCT_TAG),
  decode: (cell) => cell,
  encode: (bytes) => bytes,
};

/** Whether `start` stands at the first byte of a cell. */
export function startsWith(cell: Uint8Array, start: Uint8Array): boolean {
  for (let index = 0; index < start.length; index++) {
    if (cell[index] !== start[index]) {
      return false;
    }
  }
  return true;
}
