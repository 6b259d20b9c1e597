/** The key of the password file: 32 raw bytes that no master key encrypts (acra-formats.md §4.1, B-17). */

import { join } from "node:path";
import type { Logger } from "../../log/mod.ts";
import { KeyUnreadableError } from "../errors.ts";
import { AUTH_KEY_NAME } from "../key_files.ts";
import { hasPrivatePermissions, type KeyFile, readKeyFile } from "./read_key_file.ts";

// Specification.
const LENGTH = 32;

/**
 * The key of the password file in a key folder, `null` when there is none; the caller wipes it. A file
 * that others could read is a warning only: 0.82 did not look (§4.4).
 * @throws KeyUnreadableError when the file cannot be read or holds something else.
 */
export function readAuthKey(folder: string, log: Logger): Uint8Array | null {
  const file = readAuthKeyFile(folder);
  if (file !== null && !hasPrivatePermissions(file)) {
    log.warning(`private key file ${file.path} has incorrect permissions`);
  }
  return file?.bytes ?? null;
}

/** {@link readAuthKey} without a look at the mode. */
export function readAuthKeyFile(folder: string): KeyFile | null {
  const file = readKeyFile(join(folder, AUTH_KEY_NAME));
  if (file !== null && file.bytes.length !== LENGTH) {
    throw new KeyUnreadableError(
      file.path,
      `${file.path} has ${file.bytes.length} bytes and not the ${LENGTH} of a key`,
      "bring it back from a copy: without it the password file cannot be opened",
    );
  }
  return file;
}
