/**
 * Makes the AcraStructs of the vectors again, byte for byte, with the keys and initialisation
 * vectors given there. It needs the inside of two folders, so it lives outside both.
 */

import { expect } from "bun:test";
import { encodeAcraStruct } from "../../src/acrastruct/seal.ts";
import { decodePrivateKey, decodePublicKey } from "../../src/themis/keys.ts";
import { sealCellWith } from "../../src/themis/secure_cell.ts";
import { sealMessageWith } from "../../src/themis/secure_message.ts";
import { forEachVector, hex, nullable, plaintext, text } from "./vectors.ts";

const FIELDS = {
  name: text,
  storage_private: hex,
  storage_public: hex,
  throwaway_private: hex,
  throwaway_public: hex,
  symmetric_key: hex,
  key_iv: hex,
  data_iv: hex,
  context: nullable(hex),
  plaintext,
  acrastruct: hex,
};

forEachVector("themis", "acrastruct", FIELDS, (vector) => {
  const throwaway = decodePrivateKey(vector.throwaway_private);
  const recipient = decodePublicKey(vector.storage_public);
  const key = vector.symmetric_key;
  const made = encodeAcraStruct({
    throwawayKey: throwaway.publicKey.container,
    wrappedKey: sealMessageWith(() => vector.key_iv, throwaway, recipient, key),
    sealedData: sealCellWith(() => vector.data_iv, key, vector.plaintext, vector.context),
  });
  expect<Uint8Array>(throwaway.publicKey.container).toEqual(vector.throwaway_public);
  expect(made).toEqual(vector.acrastruct);
});
