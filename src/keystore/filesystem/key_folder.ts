/** The folder of private keys as a whole: acra-formats.md §4.4. */

import { statSync } from "node:fs";
import { KeystoreError } from "../errors.ts";
import { formatMode, isPrivateFolderMode, reasonOf } from "./read_key_file.ts";

/**
 * Refuses a folder that others could look into; one that does not exist is no mistake yet.
 * @throws KeystoreError
 */
export function checkFolder(folder: string): void {
  const stats = statFolder(folder);
  if (stats === undefined) {
    return;
  }
  if (!stats.isDirectory()) {
    throw new KeystoreError(`${folder} is not a folder`, "name the folder that holds the keys");
  }
  if (!isPrivateFolderMode(stats.mode)) {
    throw new KeystoreError(
      `key store folder has an incorrect permissions: ${folder} has ${formatMode(stats.mode)}`,
      `it has to be exactly 0700: chmod 0700 ${folder}`,
    );
  }
}

function statFolder(folder: string) {
  try {
    return statSync(folder, { throwIfNoEntry: false });
  } catch (cause) {
    throw new KeystoreError(
      `Cannot look at the key folder ${folder}: ${reasonOf(cause)}`,
      "the user that runs this program has to own the key folder and its files",
      { cause },
    );
  }
}
