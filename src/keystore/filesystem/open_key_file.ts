/** From the bytes of key files to keys that can be used, and the errors in between. */

import { FormatError } from "../../bytes/mod.ts";
import { DecryptError, wipe } from "../../crypto/mod.ts";
import {
  decodePrivateKey,
  decodePublicKey,
  type PrivateKey,
  type PublicKey,
} from "../../themis/mod.ts";
import { KeyUnreadableError } from "../errors.ts";
import type { MasterKey } from "../master_key.ts";

/**
 * Decrypts and prepares a private key.
 * @throws KeyUnreadableError when the master key or the file is not the right one.
 */
export function openPrivateKey(
  file: { readonly path: string; readonly bytes: Uint8Array },
  context: Uint8Array,
  masterKey: MasterKey,
): PrivateKey {
  let container: Uint8Array | null = null;
  try {
    container = masterKey.open(file.bytes, context);
    return decodePrivateKey(container);
  } catch (cause) {
    if (cause instanceof DecryptError) {
      throw new KeyUnreadableError(
        file.path,
        `Cannot open the private key file ${file.path}: it does not fit the master key`,
        "either ACRA_MASTER_KEY is not the one that the file was made with, or the file is another client's or was changed",
        { cause },
      );
    }
    throw asDamaged(file.path, "private", cause);
  } finally {
    wipe(container);
  }
}

/**
 * Prepares a public key.
 * @throws KeyUnreadableError when the file holds none.
 */
export function openPublicKey(file: {
  readonly path: string;
  readonly bytes: Uint8Array;
}): PublicKey {
  try {
    return decodePublicKey(file.bytes);
  } catch (cause) {
    throw asDamaged(file.path, "public", cause);
  }
}

function asDamaged(path: string, half: string, cause: unknown): unknown {
  if (!(cause instanceof FormatError)) {
    return cause;
  }
  return new KeyUnreadableError(
    path,
    `${path} does not hold a ${half} key`,
    "the file is damaged or something else; bring it back from a copy",
    { cause },
  );
}
