/**
 * Opening AcraStructs: strictly (one exact AcraStruct, acra-formats.md §1.3) or as one may stand
 * inside a database cell (§1.4). What cannot be one is refused before any cryptography.
 */

import { FormatError } from "../bytes/mod.ts";
import { DecryptError, wipe } from "../crypto/mod.ts";
import {
  decodePublicKey,
  hasCellForm,
  openCell,
  openMessage,
  type PrivateKey,
} from "../themis/mod.ts";
import { AcraStructError } from "./acrastruct_error.ts";
import {
  ACRASTRUCT_HEADER_LENGTH,
  hasTag,
  looksLikeAcraStruct,
  publicKeyAt,
  sealedDataAt,
  wrappedKeyAt,
} from "./layout.ts";

/** An AcraStruct that was opened where it stood. */
export interface TakenAcraStruct {
  readonly plaintext: Uint8Array;
  /** Bytes that the AcraStruct took up. */
  readonly length: number;
}

/**
 * Opens bytes that are one whole AcraStruct.
 * @throws AcraStructError whose `kind` names the first check that failed.
 */
export function openAcraStruct(
  bytes: Uint8Array,
  key: PrivateKey,
  context: Uint8Array | null = null,
): Uint8Array {
  if (bytes.length < ACRASTRUCT_HEADER_LENGTH) {
    throw new AcraStructError("incorrect_length");
  }
  if (!hasTag(bytes, 0)) {
    throw new AcraStructError("bad_tag");
  }
  const sealed = sealedDataAt(bytes, 0);
  if (sealed === null || sealed.length !== bytes.length - ACRASTRUCT_HEADER_LENGTH) {
    throw new AcraStructError("incorrect_data_length");
  }
  const dataKey = unwrapDataKey(bytes, 0, key);
  if (dataKey === null) {
    throw new AcraStructError("key_unwrap_failed");
  }
  const plaintext = openData(dataKey, sealed, context);
  if (plaintext === null) {
    throw new AcraStructError("data_decrypt_failed");
  }
  return plaintext;
}

/**
 * Opens the AcraStruct at an offset, whatever stands behind it; `null` when there is none or it does
 * not open. Never throws for data. `unwrapped` is its data key where somebody has it already; it is
 * wiped, and when it does not fit the AcraStruct is opened as without it.
 */
export function takeAcraStruct(
  bytes: Uint8Array,
  offset: number,
  key: PrivateKey,
  context: Uint8Array | null = null,
  unwrapped: Uint8Array | null = null,
): TakenAcraStruct | null {
  if (!looksLikeAcraStruct(bytes, offset)) {
    return null;
  }
  const sealed = sealedDataAt(bytes, offset);
  if (sealed === null || !hasCellForm(sealed)) {
    return null;
  }
  const plaintext =
    (unwrapped === null ? null : openData(unwrapped, sealed, context)) ??
    unwrapAndOpen(bytes, offset, key, sealed, context);
  return plaintext === null
    ? null
    : { plaintext, length: ACRASTRUCT_HEADER_LENGTH + sealed.length };
}

/**
 * The data key of the AcraStruct at an offset, or `null` when it does not unwrap. It has 32 bytes:
 * no other length fits a Secure Message of 84. Looks at the header only, so a forged or cut body
 * does not matter. The caller wipes the key.
 */
export function unwrapDataKey(
  bytes: Uint8Array,
  offset: number,
  key: PrivateKey,
): Uint8Array | null {
  if (!looksLikeAcraStruct(bytes, offset)) {
    return null;
  }
  return orNull(() => {
    const throwaway = decodePublicKey(publicKeyAt(bytes, offset));
    return openMessage(key, throwaway, wrappedKeyAt(bytes, offset));
  });
}

function unwrapAndOpen(
  bytes: Uint8Array,
  offset: number,
  key: PrivateKey,
  sealed: Uint8Array,
  context: Uint8Array | null,
): Uint8Array | null {
  const dataKey = unwrapDataKey(bytes, offset, key);
  return dataKey === null ? null : openData(dataKey, sealed, context);
}

/** The plaintext, or `null`; the data key is overwritten whatever the outcome. */
function openData(
  dataKey: Uint8Array,
  sealed: Uint8Array,
  context: Uint8Array | null,
): Uint8Array | null {
  try {
    return orNull(() => openCell(dataKey, sealed, context));
  } finally {
    wipe(dataKey);
  }
}

/** `null` in place of the two errors that data can cause; every other one is a bug and goes on. */
function orNull(open: () => Uint8Array | null): Uint8Array | null {
  try {
    return open();
  } catch (error) {
    if (error instanceof FormatError || error instanceof DecryptError) {
      return null;
    }
    throw error;
  }
}
