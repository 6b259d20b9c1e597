/** The few calls behind files that are either whole or not there. */

import { closeSync, fsyncSync, openSync, writeSync } from "node:fs";

/**
 * Writes all bytes where the descriptor stands.
 * @throws Error of the system, such as for a full disk.
 */
export function writeBytes(descriptor: number, bytes: Uint8Array): void {
  for (let written = 0; written < bytes.length; ) {
    written += writeSync(descriptor, bytes, written);
  }
}

/**
 * Writes a file that must not exist yet, with its mode from the first moment on, and waits until the
 * disk has it.
 * @throws Error of the system; a file that was begun is left to the caller.
 */
export function writeNewFile(path: string, bytes: Uint8Array, mode: number): void {
  const descriptor = openSync(path, "wx", mode);
  try {
    writeBytes(descriptor, bytes);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Makes a rename in a folder last; some systems cannot do that for folders, and then it is left to them. */
export function syncFolder(folder: string): void {
  try {
    const descriptor = openSync(folder, "r");
    try {
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
  } catch {
    // The file is in its place; only a loss of power in the next seconds could take it back.
  }
}
