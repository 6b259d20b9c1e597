/** What a cell of a protected column holds, told from its first bytes: the value itself stays in the database. */

import { ACRASTRUCT_HEADER_LENGTH, looksLikeAcraStruct, unwrapDataKey } from "../acrastruct/mod.ts";
import type { PrivateKey } from "../themis/mod.ts";

/** As many bytes decide. */
export const HEAD_LENGTH: number = ACRASTRUCT_HEADER_LENGTH;

const DATA_LENGTH_OFFSET = HEAD_LENGTH - 8;

/** A cell, or the part of it from where an AcraStruct may begin. */
export interface CellHead {
  /** The first {@link HEAD_LENGTH} bytes; `null` for NULL. */
  readonly head: Uint8Array | null;
  /** Bytes in the cell, or in that part. */
  readonly length: number;
}

/** `foreign`: an AcraStruct that none of the keys opens. */
export type CellKind = "null" | "empty" | "sealed" | "foreign" | "plaintext";

/**
 * Tells what it is; without keys every AcraStruct counts as sealed. `whole`: nothing may stand behind it.
 */
export function classifyCell(
  { head, length }: CellHead,
  whole: boolean,
  keys: readonly PrivateKey[] | null,
): CellKind {
  if (head === null) {
    return "null";
  }
  if (length === 0) {
    return "empty";
  }
  if (!looksLikeAcraStruct(head, 0) || !hasRoom(head, length, whole)) {
    return "plaintext";
  }
  return keys === null || keys.some((key) => opens(head, key)) ? "sealed" : "foreign";
}

function hasRoom(head: Uint8Array, length: number, whole: boolean): boolean {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const sealed = view.getBigUint64(DATA_LENGTH_OFFSET, true);
  const room = BigInt(length - HEAD_LENGTH);
  return whole ? sealed === room : sealed <= room;
}

function opens(head: Uint8Array, key: PrivateKey): boolean {
  const dataKey = unwrapDataKey(head, 0, key);
  dataKey?.fill(0);
  return dataKey !== null;
}
