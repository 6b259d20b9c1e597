/** Removes a key for good. */

import { lstatSync, rmSync } from "node:fs";
import { join } from "node:path";
import { cannotWrite } from "../filesystem/staged_file.ts";
import { AUTH_KEY_NAME } from "../key_files.ts";
import { findPairFiles, type KeyName } from "../key_id.ts";

/** The files of a key that are there. */
export interface KeyPlaces {
  /** Paths in the order in which they may be removed: the private half last. */
  readonly current: readonly string[];
  /** Folders of keys that it replaced. */
  readonly old: readonly string[];
}

/** Where a key lies. */
export function findKeyPlaces(folder: string, name: KeyName): KeyPlaces {
  const files = findPairFiles(name);
  const names = files === null ? [AUTH_KEY_NAME] : [files.publicName, files.privateName];
  const paths = names.map((file) => join(folder, file));
  return { current: paths.filter(exists), old: paths.map((path) => `${path}.old`).filter(exists) };
}

/**
 * Removes files or folders.
 * @throws KeystoreError when the system refuses; what was removed before stays removed.
 */
export function removeKeyPlaces(paths: readonly string[]): void {
  for (const path of paths) {
    try {
      rmSync(path, { recursive: true });
    } catch (cause) {
      throw cannotWrite(path, cause);
    }
  }
}

function exists(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}
