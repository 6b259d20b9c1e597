/** Folders that scripts fill anew: what lies in them goes, so they had better be ours. */

import { existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join, resolve, sep } from "node:path";
import { UsageError } from "./run_script.ts";

const DIST = `${resolve(import.meta.dir, "..", "dist")}${sep}`;

/**
 * Empties a folder, or makes it. `mark`: a file by which one is known that this script has filled before.
 * @throws UsageError for a folder outside of dist that holds other things.
 */
export function clearOutputFolder(folder: string, mark: string): void {
  const isOurs = resolve(folder).startsWith(DIST) || existsSync(join(folder, mark));
  if (!isOurs && existsSync(folder) && readdirSync(folder).length > 0) {
    throw new UsageError(`${folder} holds other things: name a new folder or an empty one`);
  }
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
}
