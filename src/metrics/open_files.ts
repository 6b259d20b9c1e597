/** How many files and sockets the system lets this process have open. */

import { readFileSync } from "node:fs";

const LIMIT = /^Max open files\s+(\d+)\s/m;

/** The limit in force, `null` where there is none or the system does not tell. */
export function readOpenFilesLimit(): number | null {
  try {
    const digits = LIMIT.exec(readFileSync("/proc/self/limits", "latin1"))?.[1];
    return digits === undefined ? null : Number(digits);
  } catch {
    return null;
  }
}
