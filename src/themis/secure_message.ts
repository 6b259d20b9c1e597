/**
 * Secure Message in encrypt mode: a Secure Cell under the ECDH secret of two keys, themis.md §5.
 * Signed messages share the header and are refused (§5.4, §9 item 1): anybody can make one that
 * verifies with a key of their own choice.
 */

import { ByteReader, ByteWriter } from "../bytes/mod.ts";
import { randomBytes, wipe } from "../crypto/mod.ts";
import type { PrivateKey, PublicKey } from "./keys.ts";
import type { RandomSource } from "./random.ts";
import { decodeCell, openDecodedCell, sealCellWith } from "./secure_cell.ts";

// Specification (§5.1).
const TYPE_EC_ENCRYPTED = 0x26042720;
const HEADER_LENGTH = 8;

/**
 * Encrypts for a peer; the answer is 52 bytes longer than the message.
 * @throws RangeError for an empty message.
 */
export function sealMessage(own: PrivateKey, peer: PublicKey, message: Uint8Array): Uint8Array {
  return sealMessageWith(randomBytes, own, peer, message);
}

/** {@link sealMessage} with the initialisation vector drawn from `random`. */
export function sealMessageWith(
  random: RandomSource,
  own: PrivateKey,
  peer: PublicKey,
  message: Uint8Array,
): Uint8Array {
  const secret = own.agree(peer);
  try {
    const cell = sealCellWith(random, secret, message, null);
    const length = HEADER_LENGTH + cell.length;
    return new ByteWriter(length).u32le(TYPE_EC_ENCRYPTED).u32le(length).bytes(cell).finish();
  } finally {
    wipe(secret);
  }
}

/**
 * Decrypts what the peer sealed, or what we sealed for the peer. All of the form is checked before
 * the costly part begins.
 * @throws FormatError when the bytes are no encrypted message; DecryptError when the keys do not
 * fit or anything was changed.
 */
export function openMessage(own: PrivateKey, peer: PublicKey, sealed: Uint8Array): Uint8Array {
  const reader = new ByteReader(sealed, "Secure Message");
  if (reader.u32le() !== TYPE_EC_ENCRYPTED) {
    reader.fail("not an encrypted message");
  }
  if (reader.u32le() !== sealed.length) {
    reader.fail("wrong length");
  }
  const cell = decodeCell(reader.rest());
  const secret = own.agree(peer);
  try {
    return openDecodedCell(secret, cell, null);
  } finally {
    wipe(secret);
  }
}
