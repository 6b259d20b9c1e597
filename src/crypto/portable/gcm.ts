/** AES-GCM in JavaScript; noble keeps the tag behind the ciphertext. */

import { gcm } from "@noble/ciphers/aes.js";
import { concatBytes } from "../../bytes/mod.ts";
import type { Primitives } from "../contract.ts";

const TAG_LENGTH = 16;

/** See {@link Primitives.gcmSeal}. */
export const gcmSeal: Primitives["gcmSeal"] = (key, nonce, plaintext, aad) => {
  const sealed = gcm(key, nonce, aad).encrypt(plaintext);
  const end = sealed.length - TAG_LENGTH;
  return { ciphertext: sealed.subarray(0, end), tag: sealed.subarray(end) };
};

/** See {@link Primitives.gcmOpen}. */
export const gcmOpen: Primitives["gcmOpen"] = (key, nonce, ciphertext, tag, aad) => {
  if (tag.length !== TAG_LENGTH) {
    return null;
  }
  const cipher = gcm(key, nonce, aad);
  const sealed = concatBytes(ciphertext, tag);
  try {
    return cipher.decrypt(sealed);
  } catch {
    return null;
  }
};
