/** Making AcraStructs: acra-formats.md §1.2. */

import { ByteWriter } from "../bytes/mod.ts";
import { randomBytes, wipe } from "../crypto/mod.ts";
import { generatePrivateKey, type PublicKey, sealCell, sealMessage } from "../themis/mod.ts";
import { ACRASTRUCT_HEADER_LENGTH, ACRASTRUCT_TAG } from "./layout.ts";

const DATA_KEY_LENGTH = 32;

/** The parts of an AcraStruct, each sealed already. */
export interface AcraStructParts {
  /** Container of the throwaway public key, 45 bytes. */
  readonly throwawayKey: Uint8Array;
  /** Secure Message that holds the data key, 84 bytes. */
  readonly wrappedKey: Uint8Array;
  /** Secure Cell that holds the data. */
  readonly sealedData: Uint8Array;
}

/**
 * Seals for the holder of the recipient's private key; 189 bytes longer than the plaintext. An
 * empty context is no context.
 * @throws RangeError for an empty plaintext.
 */
export function sealAcraStruct(
  plaintext: Uint8Array,
  recipient: PublicKey,
  context: Uint8Array | null = null,
): Uint8Array {
  const throwaway = generatePrivateKey();
  const dataKey = randomBytes(DATA_KEY_LENGTH);
  try {
    return encodeAcraStruct({
      throwawayKey: throwaway.publicKey.container,
      wrappedKey: sealMessage(throwaway, recipient, dataKey),
      sealedData: sealCell(dataKey, plaintext, context),
    });
  } finally {
    wipe(dataKey);
  }
}

/** Puts sealed parts together. */
export function encodeAcraStruct(parts: AcraStructParts): Uint8Array {
  return new ByteWriter(ACRASTRUCT_HEADER_LENGTH + parts.sealedData.length)
    .bytes(ACRASTRUCT_TAG)
    .bytes(parts.throwawayKey)
    .bytes(parts.wrappedKey)
    .u64le(BigInt(parts.sealedData.length))
    .bytes(parts.sealedData)
    .finish();
}
