/** From one DataRow to the DataRow that the client gets. */

import { FormatError } from "../../bytes/mod.ts";
import {
  type Cells,
  decodeDataRow,
  encodeDataRow,
  formatOf,
  HEADER_LENGTH,
  type ResultFormats,
} from "../../wire/postgres/mod.ts";
import type { CellScanner } from "../cell_scanner.ts";
import type { SessionEvents } from "../session_events.ts";
import type { Steps } from "../stage.ts";
import { type ByteaFormat, formsOf } from "./cell_forms.ts";

/** Rewrites the rows of one session. */
export class RowRewriter {
  readonly #scanner: CellScanner;
  readonly #preferred: ByteaFormat;
  readonly #events: SessionEvents;

  constructor(scanner: CellScanner, preferred: ByteaFormat, events: SessionEvents) {
    this.#scanner = scanner;
    this.#preferred = preferred;
    this.#events = events;
  }

  /** The new message, or `null` when the one given stays. Formats are `null` when unknown. */
  *rewrite(message: Uint8Array, formats: ResultFormats | null): Steps<Uint8Array | null> {
    const cells = this.#decode(message);
    if (cells === null) {
      return null;
    }
    this.#scanner.beginRow();
    let changed: (Uint8Array | null)[] | null = null;
    for (let column = 0; column < cells.length; column++) {
      const cell = cells[column] ?? null;
      if (cell === null || !this.#scanner.mustSee(cell)) {
        continue;
      }
      const format = formats === null ? null : formatOf(formats, column);
      const replaced = yield* this.#scanner.scan(cell, formsOf(format, this.#preferred));
      if (replaced !== null) {
        changed ??= [...cells];
        changed[column] = replaced;
      }
    }
    return changed === null ? null : encodeDataRow(changed);
  }

  /** The cells, or `null` for a row that lies about its lengths: the client will see for itself. */
  #decode(message: Uint8Array): Cells | null {
    try {
      return decodeDataRow(message.subarray(HEADER_LENGTH));
    } catch (error) {
      if (!(error instanceof FormatError)) {
        throw error;
      }
      this.#events.rowMalformed();
      return null;
    }
  }
}
