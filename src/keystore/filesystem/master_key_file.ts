/** Writes a fresh master key to a file of its own: acra-formats.md §4.3. */

import { lstatSync, realpathSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { randomBytes, wipe } from "../../crypto/mod.ts";
import { KeystoreError } from "../errors.ts";
import { MasterKey } from "../master_key.ts";
import { cannotWrite, StagedFile } from "./staged_file.ts";

// Specification.
const LENGTH = 32;
const MODE = 0o600;

/**
 * Makes a master key of 32 random bytes and writes it raw, mode 0600.
 * @throws KeystoreError when the file exists and `replace` is not set, or cannot be written.
 */
export function writeMasterKeyFile(
  path: string,
  options: { readonly replace: boolean },
): MasterKey {
  const bytes = randomBytes(LENGTH);
  try {
    write(path, bytes, options.replace);
    return new MasterKey(bytes);
  } finally {
    wipe(bytes);
  }
}

function write(path: string, bytes: Uint8Array, replace: boolean): void {
  try {
    const stats = lstatSync(path, { throwIfNoEntry: false });
    if (stats !== undefined && !replace) {
      throw new KeystoreError(
        `${path} already exists`,
        "key files made with the master key in it would be lost; use another file, or --force",
      );
    }
    const target = stats?.isSymbolicLink() ? realpathSync(path) : path;
    if (lstatSync(target, { throwIfNoEntry: false })?.isFile() === false) {
      // Such as /dev/stdout: must not be replaced by a file.
      writeFileSync(target, bytes);
      return;
    }
    // Folders are made for key folders only: here a missing one is a mistake in the path.
    statSync(dirname(target));
    writeStaged(new StagedFile(target, bytes, MODE), replace);
  } catch (cause) {
    throw cannotWrite(path, cause);
  }
}

function writeStaged(file: StagedFile, replace: boolean): void {
  try {
    if (replace) {
      file.replace();
    } else {
      file.create();
    }
  } finally {
    file.discard();
  }
}
