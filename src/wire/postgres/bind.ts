/** Bind: a statement and its values become a portal, whose results come in the formats asked for. */

import { ByteReader } from "../../bytes/mod.ts";
import type { ResultFormats } from "./result_formats.ts";

const FORMAT_SIZE = 2;

/** What matters of a Bind message; the names are views, empty for the unnamed ones. */
export interface Bind {
  readonly portal: Uint8Array;
  readonly statement: Uint8Array;
  readonly resultFormats: ResultFormats;
}

/**
 * Reads the body of a Bind; the values of the parameters are passed over.
 * @throws FormatError when the body is not one.
 */
export function decodeBind(body: Uint8Array): Bind {
  const reader = new ByteReader(body, "Bind");
  const portal = reader.cstring();
  const statement = reader.cstring();
  reader.bytes(reader.u16be() * FORMAT_SIZE);
  for (let count = reader.u16be(); count > 0; count--) {
    const length = reader.i32be();
    if (length !== -1) {
      reader.bytes(length);
    }
  }
  const resultFormats: number[] = [];
  for (let count = reader.u16be(); count > 0; count--) {
    resultFormats.push(reader.u16be());
  }
  reader.end();
  return { portal, statement, resultFormats };
}
