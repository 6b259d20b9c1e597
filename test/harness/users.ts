/** Which user a process of a test may run as, and what that user may reach. */

import { statSync } from "node:fs";
import { dirname, resolve } from "node:path";

/** A user of this machine, by numbers. */
export interface User {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** PostgreSQL refuses to run as root: the unprivileged user to run it as, `null` when we are none. */
export function findUnprivilegedUser(): User | null {
  if (process.getuid?.() !== 0) {
    return null;
  }
  for (const name of ["nobody", "postgres", "daemon"]) {
    const uid = idOf("-u", name);
    const gid = idOf("-g", name);
    if (uid !== null && gid !== null && uid !== 0) {
      return { name, uid, gid };
    }
  }
  throw new Error("running as root, and there is no user nobody, postgres or daemon");
}

/** Whether any user may enter the folder, and each folder above it. */
export function isReachableByOthers(folder: string): boolean {
  const path = resolve(folder);
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined || (stats.mode & 0o001) === 0) {
    return false;
  }
  return dirname(path) === path || isReachableByOthers(dirname(path));
}

function idOf(flag: "-u" | "-g", name: string): number | null {
  const answer = Bun.spawnSync(["id", flag, name], { stdio: ["ignore", "pipe", "ignore"] });
  const text = answer.stdout.toString().trim();
  return answer.success && /^\d+$/.test(text) ? Number(text) : null;
}
