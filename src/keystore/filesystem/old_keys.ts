/** Keys that are replaced are kept: `NAME.old/TIME`, as later versions do (acra-formats.md §4.7, §10). */

import { existsSync, lstatSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { wipe } from "../../crypto/mod.ts";
import { cannotWrite, StagedFile } from "./staged_file.ts";

const OLD_FILE_MODE = 0o600;
const NANOSECONDS = 1_000_000_000n;
const OLD_NAME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?$/;

/**
 * Copies a file to where old keys are kept; the file itself stays until it is replaced, so that there
 * is no moment without it.
 * @returns the path of the copy, `null` when there is nothing to keep.
 */
export function keepOldKey(path: string, time: bigint): string | null {
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined) {
    return null;
  }
  const bytes = read(path);
  try {
    const place = findFreePlace(`${path}.old`, time);
    const copy = new StagedFile(place, bytes, OLD_FILE_MODE);
    try {
      copy.create();
    } finally {
      copy.discard();
    }
    return place;
  } finally {
    wipe(bytes);
  }
}

/** The paths of what was kept of a file, newest first. */
export function listOldKeys(path: string): readonly string[] {
  const folder = `${path}.old`;
  if (!existsSync(folder)) {
    return [];
  }
  return readdirSync(folder)
    .filter((name) => OLD_NAME.test(name))
    .sort()
    .reverse()
    .map((name) => join(folder, name));
}

/** Now, in nanoseconds since 1970. */
export function readClock(): bigint {
  return BigInt(Math.round((performance.timeOrigin + performance.now()) * 1000)) * 1000n;
}

/** `2006-01-02T15:04:05.999999999` in UTC; zeros that end the fraction are left out. */
export function formatKeyTime(time: bigint): string {
  const seconds = new Date(Number(time / NANOSECONDS) * 1000).toISOString().slice(0, 19);
  const fraction = (time % NANOSECONDS).toString().padStart(9, "0").replace(/0+$/, "");
  return fraction === "" ? seconds : `${seconds}.${fraction}`;
}

function findFreePlace(folder: string, time: bigint): string {
  for (let at = time; ; at++) {
    const place = join(folder, formatKeyTime(at));
    if (!existsSync(place)) {
      return place;
    }
  }
}

function read(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw cannotWrite(`${path}.old`, cause);
  }
}
