/**
 * Files that are either whole or not there: written beside their place under another name, with their
 * mode from the first moment on, brought to the disk, then renamed.
 */

import { existsSync, linkSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { encodeHex } from "../../bytes/mod.ts";
import { randomBytes } from "../../crypto/mod.ts";
import { syncFolder, writeNewFile } from "../../files/mod.ts";
import { KeystoreError } from "../errors.ts";
import { codeOf } from "./read_key_file.ts";

// Specification (acra-formats.md §4.1).
const FOLDER_MODE = 0o700;

/** What filesystems without hard links say. */
const NO_HARD_LINKS = ["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"];

/** A file that is written and not yet in its place. */
export class StagedFile {
  readonly path: string;
  readonly #temporary: string;
  #staged = true;

  /**
   * Writes the content beside `path`; folders are made as needed.
   * @throws KeystoreError when the system refuses.
   */
  constructor(path: string, bytes: Uint8Array, mode: number) {
    this.path = path;
    this.#temporary = join(dirname(path), `.tmp-${encodeHex(randomBytes(8))}`);
    try {
      mkdirSync(dirname(path), { recursive: true, mode: FOLDER_MODE });
      writeNewFile(this.#temporary, bytes, mode);
    } catch (cause) {
      this.discard();
      throw cannotWrite(path, cause);
    }
  }

  /** Puts the file in its place, over what is there. */
  replace(): void {
    try {
      renameSync(this.#temporary, this.path);
      this.#staged = false;
      syncFolder(dirname(this.path));
    } catch (cause) {
      throw cannotWrite(this.path, cause);
    }
  }

  /**
   * Puts the file in its place unless there is something already, also when that came in between.
   * @throws KeystoreError when there is.
   */
  create(): void {
    try {
      linkSync(this.#temporary, this.path);
    } catch (cause) {
      if (codeOf(cause) === "EEXIST" || existsSync(this.path)) {
        throw alreadyExists(this.path);
      }
      if (!NO_HARD_LINKS.includes(codeOf(cause))) {
        throw cannotWrite(this.path, cause);
      }
      this.replace();
      return;
    }
    this.discard();
    syncFolder(dirname(this.path));
  }

  /** Removes the file if it is not in its place; for `finally`. */
  discard(): void {
    if (this.#staged) {
      this.#staged = false;
      try {
        rmSync(this.#temporary, { force: true });
      } catch {
        // Its folder could not even be made: that error is already on its way.
      }
    }
  }
}

/** The error about a file that is in the way. */
export function alreadyExists(path: string): KeystoreError {
  return new KeystoreError(
    `${path} already exists`,
    "use another folder or id, or --force to replace it (the old private key is kept)",
  );
}

/** The error about a file that cannot be written. */
export function cannotWrite(path: string, cause: unknown): unknown {
  if (cause instanceof KeystoreError || codeOf(cause) === "") {
    return cause;
  }
  return new KeystoreError(
    `Cannot write ${path}: ${codeOf(cause)}`,
    "the folder has to be writable for the user that runs this, and the disk must not be full",
    { cause },
  );
}
