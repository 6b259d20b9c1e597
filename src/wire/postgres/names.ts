/** The names in Parse, Describe, Close and Execute; all are views, empty for the unnamed ones. */

import { ByteReader } from "../../bytes/mod.ts";

const PORTAL = 0x50; // P
const STATEMENT = 0x53; // S

/** What Describe and Close are about. */
export interface Target {
  readonly kind: "portal" | "statement";
  readonly name: Uint8Array;
}

/**
 * Reads the body of a Describe or a Close.
 * @throws FormatError when the body is not one.
 */
export function decodeTarget(body: Uint8Array): Target {
  const reader = new ByteReader(body, "Describe or Close");
  const letter = reader.u8();
  if (letter !== PORTAL && letter !== STATEMENT) {
    reader.fail("unknown kind of target");
  }
  const name = reader.cstring();
  reader.end();
  return { kind: letter === PORTAL ? "portal" : "statement", name };
}

/**
 * The portal that an Execute is about, from its body.
 * @throws FormatError when the body is not one.
 */
export function decodeExecutePortal(body: Uint8Array): Uint8Array {
  const reader = new ByteReader(body, "Execute");
  const portal = reader.cstring();
  reader.u32be();
  reader.end();
  return portal;
}
