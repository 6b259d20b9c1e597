/** The password file as it lies on the disk: a Secure Cell without context (acra-formats.md §8.6). */

import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";
import { FormatError } from "../bytes/mod.ts";
import { DecryptError, wipe } from "../crypto/mod.ts";
import { openCell, sealCell } from "../themis/mod.ts";
import { AccountsError } from "./accounts_error.ts";

/** Ours: some hundred thousand users. */
const MAXIMUM_LENGTH = 16 * 1024 * 1024;

/**
 * Decrypts the content of a password file.
 * @throws AccountsError when the key is another one, or the content is damaged.
 */
export function openAccounts(sealed: Uint8Array, authKey: Uint8Array): string {
  try {
    const bytes = openCell(authKey, sealed);
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    wipe(bytes);
    return text;
  } catch (cause) {
    if (
      cause instanceof FormatError ||
      cause instanceof DecryptError ||
      cause instanceof TypeError
    ) {
      throw new AccountsError(
        "The password file cannot be opened: auth_key does not fit it, or it was changed",
        "--keys_dir has to hold the auth_key that the file was made with",
        { cause },
      );
    }
    throw cause;
  }
}

/**
 * Encrypts the text of a password file.
 * @throws RangeError for an empty text, which no Secure Cell can hold.
 */
export function sealAccounts(text: string, authKey: Uint8Array): Uint8Array {
  if (text === "") {
    throw new RangeError("an empty password file cannot be sealed");
  }
  return sealCell(authKey, new TextEncoder().encode(text));
}

/**
 * The bytes of a password file, `null` when it does not exist.
 * @throws AccountsError when it cannot be read.
 */
export function readAccountsFile(path: string): Uint8Array | null {
  try {
    // Without O_NONBLOCK a named pipe would hold the whole program.
    const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const stats = fstatSync(descriptor);
      if (!stats.isFile() || stats.size > MAXIMUM_LENGTH) {
        throw new AccountsError(`${path} is not a password file`, "name another one with --file");
      }
      return readFileSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? cause.code : null;
    if (code === "ENOENT") {
      return null;
    }
    if (code === null || cause instanceof AccountsError) {
      throw cause;
    }
    throw new AccountsError(
      `Cannot read the password file ${path}: ${code}`,
      "the user that runs this program has to be able to read it",
      { cause },
    );
  }
}
