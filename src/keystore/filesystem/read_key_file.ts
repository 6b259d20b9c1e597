/** Reading key files: bounded, checked on the opened file itself, never through anything but a file. */

import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { wipe } from "../../crypto/mod.ts";
import { KeyUnreadableError } from "../errors.ts";

/** No key file of 0.82 has more than 89 bytes. */
const MAXIMUM_LENGTH = 1024;
/** What the system says when there is no such file, or can be none. */
const ABSENT = ["ENOENT", "ENOTDIR", "ENAMETOOLONG"];
const PERMISSION_BITS = 0o777;
/** Permissions mean this only here (acra-formats.md §4.4). */
const CHECKS_PERMISSIONS = process.platform === "linux";

/** A key file as read. */
export interface KeyFile {
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly permissions: number;
}

/**
 * Reads a key file; `null` when it does not exist.
 * @throws KeyUnreadableError when it is no file, too long, or the system refuses.
 */
export function readKeyFile(path: string): KeyFile | null {
  let descriptor: number;
  try {
    // Without O_NONBLOCK a named pipe would hold the whole program.
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (cause) {
    if (ABSENT.includes(codeOf(cause))) {
      return null;
    }
    throw refusedBySystem(path, cause);
  }
  try {
    return readOpened(path, descriptor);
  } catch (cause) {
    throw cause instanceof KeyUnreadableError ? cause : refusedBySystem(path, cause);
  } finally {
    closeSync(descriptor);
  }
}

/** Whether a private key file can be trusted to have stayed private: 0600 or 0400. */
export function hasPrivatePermissions(file: KeyFile): boolean {
  return isPrivateFileMode(file.permissions);
}

/** The same for permission bits that are known already. */
export function isPrivateFileMode(mode: number): boolean {
  return !CHECKS_PERMISSIONS || mode === 0o600 || mode === 0o400;
}

/** Whether a folder of private keys has exactly the mode 0700. */
export function isPrivateFolderMode(mode: number): boolean {
  return !CHECKS_PERMISSIONS || (mode & PERMISSION_BITS) === 0o700;
}

/**
 * Refuses private key files that others could read.
 * @throws KeyUnreadableError
 */
export function checkPrivatePermissions(file: KeyFile): void {
  if (!hasPrivatePermissions(file)) {
    throw new KeyUnreadableError(
      file.path,
      `private key file ${file.path} has incorrect permissions`,
      `they are ${formatMode(file.permissions)} and have to be 0600 or 0400: chmod 0600 ${file.path}`,
    );
  }
}

/** `0755`. */
export function formatMode(mode: number): string {
  return (mode & PERMISSION_BITS).toString(8).padStart(4, "0");
}

/** The code of an error of the system such as `ENOENT`, or an empty string. */
export function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string"
    ? error.code
    : "";
}

/** Why the system refused, in words for the two ordinary cases; else its code. */
export function reasonOf(error: unknown): string {
  const code = codeOf(error);
  switch (code) {
    case "ENOENT":
      return "it does not exist";
    case "EACCES":
      return "permission denied";
    default:
      return code;
  }
}

function readOpened(path: string, descriptor: number): KeyFile {
  const stats = fstatSync(descriptor);
  if (!stats.isFile()) {
    throw new KeyUnreadableError(path, `${path} is not a file`, "a key belongs there");
  }
  const buffer = new Uint8Array(MAXIMUM_LENGTH + 1);
  let length = 0;
  for (;;) {
    const count = readSync(descriptor, buffer, length, buffer.length - length, null);
    length += count;
    if (count === 0 || length === buffer.length) {
      break;
    }
  }
  const bytes = buffer.slice(0, length);
  wipe(buffer);
  if (length > MAXIMUM_LENGTH) {
    throw new KeyUnreadableError(path, `${path} is too long for a key`, "a key belongs there");
  }
  return { path, bytes, permissions: stats.mode & PERMISSION_BITS };
}

function refusedBySystem(path: string, cause: unknown): KeyUnreadableError {
  const reason = codeOf(cause) || String(cause);
  return new KeyUnreadableError(
    path,
    `Cannot read ${path}: ${reason}`,
    "the user that runs this program has to own the key folder and its files",
    { cause },
  );
}
