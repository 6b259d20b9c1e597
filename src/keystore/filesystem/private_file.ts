/** Files that are no keys, such as the password file: whole or not there, as key files are. */

import {
  chownSync,
  lstatSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { encodeHex } from "../../bytes/mod.ts";
import { randomBytes } from "../../crypto/mod.ts";
import { writeNewFile } from "../../files/mod.ts";
import { KeystoreError } from "../errors.ts";
import { codeOf } from "./read_key_file.ts";
import { cannotWrite } from "./staged_file.ts";

const PRIVATE_MODE = 0o600;
const PUBLIC_MODE = 0o644;

/**
 * Writes a file of mode 0600 in place of what is there; its owner stays who it was, so that root may
 * change the file of a daemon. The folder has to exist.
 * @throws KeystoreError when the system refuses; then the old file is untouched.
 */
export function replacePrivateFile(path: string, bytes: Uint8Array): void {
  replaceFile(path, bytes, PRIVATE_MODE);
}

/**
 * The same with mode 0644, and straight into what is no file, such as /dev/stdout.
 * @throws KeystoreError when the system refuses.
 */
export function replacePublicFile(path: string, bytes: Uint8Array): void {
  replaceFile(path, bytes, PUBLIC_MODE);
}

function replaceFile(path: string, bytes: Uint8Array, mode: number): void {
  let temporary: string | null = null;
  try {
    const isLink = lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;
    const target = isLink ? realpathSync(path) : path;
    const known = statSync(target, { throwIfNoEntry: false });
    if (known?.isFile() === false) {
      writeFileSync(target, bytes);
      return;
    }
    temporary = join(dirname(target), `.tmp-${encodeHex(randomBytes(8))}`);
    writeNewFile(temporary, bytes, mode);
    if (known !== undefined && process.getuid?.() === 0) {
      chownSync(temporary, known.uid, known.gid);
    }
    renameSync(temporary, target);
    temporary = null;
  } catch (cause) {
    if (codeOf(cause) === "ENOENT") {
      throw new KeystoreError(
        `Cannot write ${path}: its folder does not exist`,
        "make the folder first, or name another file",
        { cause },
      );
    }
    throw cannotWrite(path, cause);
  } finally {
    if (temporary !== null) {
      rmSync(temporary, { force: true });
    }
  }
}

/**
 * Removes such a file.
 * @throws KeystoreError when the system refuses.
 */
export function removePrivateFile(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch (cause) {
    throw cannotWrite(path, cause);
  }
}
