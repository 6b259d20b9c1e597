/** RowDescription: the columns of the rows that follow. Only their formats matter here. */

import { ByteReader } from "../../bytes/mod.ts";
import type { ResultFormats } from "./result_formats.ts";

/** Table, column number, type, size and modifier of the type: what stands between name and format. */
const BEFORE_FORMAT_LENGTH = 4 + 2 + 4 + 2 + 4;

/**
 * The format code of each column, from the body of a RowDescription.
 * @throws FormatError when the body is not one.
 */
export function decodeRowFormats(body: Uint8Array): ResultFormats {
  const reader = new ByteReader(body, "RowDescription");
  const formats: number[] = [];
  for (let count = reader.u16be(); count > 0; count--) {
    reader.cstring();
    reader.bytes(BEFORE_FORMAT_LENGTH);
    formats.push(reader.u16be());
  }
  reader.end();
  return formats;
}
