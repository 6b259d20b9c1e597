/** Keys of the vectors, and sealed values that are the same in every run: a printed input stays valid. */

import { encodeAcraStruct } from "../../src/acrastruct/seal.ts";
import { decodePrivateKey, type PrivateKey, type PublicKey } from "../../src/themis/mod.ts";
import { sealCellWith } from "../../src/themis/secure_cell.ts";
import { sealMessageWith } from "../../src/themis/secure_message.ts";
import acraVectors from "../vectors/acra.json";

const DATA_KEY = new Uint8Array(32).fill(3);

/** A private key by the path of its file; it does not remember the peers that it agreed with. */
export function vectorPrivateKey(path: string): PrivateKey {
  const file = acraVectors.keystore_files.find((candidate) => candidate.path === path);
  if (file === undefined) {
    throw new TypeError(`no key file ${path}`);
  }
  return decodePrivateKey(Uint8Array.fromBase64(file.private_key_b64));
}

const throwaway = vectorPrivateKey("client_translator");

/** Not random at all. */
export function fixedBytes(length: number): Uint8Array {
  return new Uint8Array(length).fill(5);
}

/** An AcraStruct of which nothing is drawn by chance. */
export function fixedAcraStruct(
  plaintext: Uint8Array,
  recipient: PublicKey,
  context: Uint8Array | null = null,
): Uint8Array {
  return encodeAcraStruct({
    throwawayKey: throwaway.publicKey.container,
    wrappedKey: sealMessageWith(fixedBytes, throwaway, recipient, DATA_KEY),
    sealedData: sealCellWith(fixedBytes, DATA_KEY, plaintext, context),
  });
}
