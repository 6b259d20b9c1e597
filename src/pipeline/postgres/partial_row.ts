/** A DataRow that chunks cut: collected until it is whole or cannot matter any more. */

import { ByteReader } from "../../bytes/mod.ts";
import { HEADER_LENGTH } from "../../wire/postgres/mod.ts";
import type { CellMode } from "../cell_form.ts";
import { Collector } from "../collector.ts";
import { hasTagFrom, TAG_OVERLAP } from "../tag_search.ts";
import { startsWithAnyTag, TAG_PREFIX_LENGTH } from "./cell_forms.ts";

const COUNT_SIZE = 2;
const CELL_LENGTH_SIZE = 4;

/** One row in the making. */
export class PartialRow {
  readonly #collector: Collector;
  readonly #mode: CellMode;
  #tagSeen = false;
  /** Where the next cell's length stands, and how many cells begin there or later. */
  #nextCell = HEADER_LENGTH + COUNT_SIZE;
  #cellsLeft: number | null = null;
  #cellWithTag = false;

  /** `total`: bytes of the whole message. */
  constructor(total: number, mode: CellMode) {
    this.#collector = new Collector(total);
    this.#mode = mode;
  }

  append(piece: Uint8Array): void {
    const searched = Math.max(0, this.bytes.length - TAG_OVERLAP);
    this.#collector.append(piece);
    this.#tagSeen ||= hasTagFrom(this.bytes, searched);
  }

  /** What has arrived of the message. */
  get bytes(): Uint8Array {
    return this.#collector.bytes;
  }

  /** Whether a tag stands anywhere in what has arrived. */
  get tagSeen(): boolean {
    return this.#tagSeen;
  }

  /**
   * Whether the rest cannot matter: in whole-cell mode, when the last cell has begun and neither it
   * nor any before begins with a tag. So a large value passes without being held.
   */
  get hopeless(): boolean {
    if (this.#mode !== "whole-cell") {
      return false;
    }
    this.#walkCells();
    return this.#cellsLeft === 0 && !this.#cellWithTag;
  }

  #walkCells(): void {
    const { bytes } = this;
    this.#cellsLeft ??= readCount(bytes);
    while (this.#cellsLeft !== null && this.#cellsLeft > 0 && !this.#cellWithTag) {
      const cell = readCellStart(bytes, this.#nextCell);
      if (cell === null) {
        return;
      }
      this.#cellWithTag = startsWithAnyTag(cell.start);
      this.#nextCell += CELL_LENGTH_SIZE + cell.length;
      this.#cellsLeft--;
    }
  }
}

function readCount(bytes: Uint8Array): number | null {
  const body = bytes.subarray(HEADER_LENGTH);
  return body.length < COUNT_SIZE ? null : new ByteReader(body, "DataRow").u16be();
}

/** Length and first bytes of the cell at an offset, or `null` while they have not arrived. */
function readCellStart(
  bytes: Uint8Array,
  at: number,
): { readonly length: number; readonly start: Uint8Array } | null {
  const rest = bytes.subarray(Math.min(at, bytes.length));
  if (rest.length < CELL_LENGTH_SIZE) {
    return null;
  }
  const reader = new ByteReader(rest, "DataRow");
  const length = Math.max(0, reader.i32be());
  const wanted = Math.min(length, TAG_PREFIX_LENGTH);
  return reader.remaining < wanted ? null : { length, start: reader.bytes(wanted) };
}
