/** From the cells of a row to the plaintext: acra-formats.md §1.3, §8.4. */

import { AcraStructError, type AcraStructErrorKind, openAcraStruct } from "../acrastruct/mod.ts";
import { isKeystoreError, type ServerKeys } from "../keystore/mod.ts";
import type { PrivateKey } from "../themis/mod.ts";

/** Bytes of a cell, `null` for NULL. */
export type Cell = Uint8Array | null;

/** What became of a row. */
export type RowOutcome =
  | { readonly kind: "opened"; readonly plaintext: Uint8Array }
  | { readonly kind: "skipped"; readonly reason: string };

/** Opens rows of one shape. */
export interface RowOpener {
  /** Columns that the select has to have, in the operator's words. */
  readonly columns: readonly string[];
  /** Never throws for data. */
  open(cells: readonly Cell[]): RowOutcome;
}

/** The texts of 0.82 where it has one. */
const REASONS: Readonly<Record<AcraStructErrorKind, string>> = {
  incorrect_length: "AcraStruct has incorrect length",
  bad_tag: "not an AcraStruct",
  incorrect_data_length: "AcraStruct has incorrect data length value",
  key_unwrap_failed: "sealed for another key, or changed",
  data_decrypt_failed: "sealed with another context, or changed",
};

/** Rows of one column, for the storage key of a client. */
export function createClientOpener(key: PrivateKey): RowOpener {
  return { columns: ["AcraStruct"], open: ([sealed]) => open(sealed, key, null) };
}

/** Rows of a zone id and an AcraStruct, for the keys of zones. */
export function createZoneOpener(keys: Pick<ServerKeys, "findZoneKey">): RowOpener {
  return {
    columns: ["zone id", "AcraStruct"],
    open([id, sealed]) {
      if (id === null || id === undefined) {
        return skip("the zone id is NULL");
      }
      const key = findKey(keys, new TextDecoder().decode(id));
      return typeof key === "string" ? skip(key) : open(sealed, key, id);
    },
  };
}

/** The key, or why there is none. */
function findKey(keys: Pick<ServerKeys, "findZoneKey">, zoneId: string): PrivateKey | string {
  try {
    return keys.findZoneKey(zoneId) ?? "no key for the zone id of this row";
  } catch (error) {
    if (!isKeystoreError(error)) {
      throw error;
    }
    return error.message;
  }
}

function open(sealed: Cell | undefined, key: PrivateKey, context: Uint8Array | null): RowOutcome {
  if (sealed === null || sealed === undefined) {
    return skip("the value is NULL");
  }
  try {
    return { kind: "opened", plaintext: openAcraStruct(sealed, key, context) };
  } catch (error) {
    if (!(error instanceof AcraStructError)) {
      throw error;
    }
    return skip(REASONS[error.kind]);
  }
}

function skip(reason: string): RowOutcome {
  return { kind: "skipped", reason };
}
