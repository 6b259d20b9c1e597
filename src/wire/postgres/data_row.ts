/** DataRow: a count of columns, then each one behind its length; −1 is NULL (acra-proxy.md §2.4). */

import { ByteReader, ByteWriter } from "../../bytes/mod.ts";
import { BACKEND } from "./message_codes.ts";

// Specification.
const NULL_LENGTH = -1;
/** Type byte, length of the message, count of columns. */
const FIXED_LENGTH = 7;
const CELL_LENGTH_SIZE = 4;

/** The cells of a row in their order; `null` is NULL. */
export type Cells = readonly (Uint8Array | null)[];

/**
 * Reads the body of a DataRow, checked whole; the cells are views.
 * @throws FormatError when counts and lengths do not add up to the body.
 */
export function decodeDataRow(body: Uint8Array): Cells {
  const reader = new ByteReader(body, "DataRow");
  const cells: (Uint8Array | null)[] = [];
  for (let count = reader.u16be(); count > 0; count--) {
    const length = reader.i32be();
    cells.push(length === NULL_LENGTH ? null : reader.bytes(length));
  }
  reader.end();
  return cells;
}

/** The whole message, header included. */
export function encodeDataRow(cells: Cells): Uint8Array {
  let size = FIXED_LENGTH;
  for (const cell of cells) {
    size += CELL_LENGTH_SIZE + (cell?.length ?? 0);
  }
  const writer = new ByteWriter(size)
    .u8(BACKEND.dataRow)
    .u32be(size - 1)
    .u16be(cells.length);
  for (const cell of cells) {
    if (cell === null) {
      writer.i32be(NULL_LENGTH);
    } else {
      writer.i32be(cell.length).bytes(cell);
    }
  }
  return writer.finish();
}
