/** AES-GCM from the run-time. */

import { type CipherGCMTypes, createCipheriv, createDecipheriv } from "node:crypto";
import type { Primitives } from "../contract.ts";
import { toBytes } from "./view.ts";

const TAG_LENGTH = 16;

/** See {@link Primitives.gcmSeal}. */
export const gcmSeal: Primitives["gcmSeal"] = (key, nonce, plaintext, aad) => {
  const cipher = createCipheriv(algorithmFor(key), key, nonce);
  if (aad.length > 0) {
    cipher.setAAD(aad);
  }
  const ciphertext = cipher.update(plaintext);
  cipher.final();
  return { ciphertext: toBytes(ciphertext), tag: toBytes(cipher.getAuthTag()) };
};

/** See {@link Primitives.gcmOpen}. */
export const gcmOpen: Primitives["gcmOpen"] = (key, nonce, ciphertext, tag, aad) => {
  if (tag.length !== TAG_LENGTH) {
    return null;
  }
  const decipher = createDecipheriv(algorithmFor(key), key, nonce);
  if (aad.length > 0) {
    decipher.setAAD(aad);
  }
  decipher.setAuthTag(tag);
  const plaintext = decipher.update(ciphertext);
  try {
    decipher.final();
  } catch {
    plaintext.fill(0);
    return null;
  }
  return toBytes(plaintext);
};

function algorithmFor(key: Uint8Array): CipherGCMTypes {
  switch (key.length) {
    case 16:
      return "aes-128-gcm";
    case 24:
      return "aes-192-gcm";
    case 32:
      return "aes-256-gcm";
    default:
      throw new RangeError(`AES wants a key of 16, 24 or 32 bytes, not ${key.length}`);
  }
}
