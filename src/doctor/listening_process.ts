/** Who listens on a TCP port of this machine, read from the kernel's tables. Linux only. */

import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { basename } from "node:path";

/** Specification: state LISTEN in /proc/net/tcp. */
const LISTENING = "0A";
const COLUMN_LOCAL = 1;
const COLUMN_STATE = 3;
const COLUMN_INODE = 9;

/** A process, as far as this user may see it. */
export interface ListeningProcess {
  /** `null` when it belongs to somebody whose processes this user may not look into. */
  readonly pid: number | null;
  /** Words of its command line. */
  readonly words: readonly string[];
  /** Runs the same executable as we do. */
  readonly isOurExecutable: boolean;
}

/** Who listens on the port, on any address; `null` when nobody does, or the system does not tell. */
export function findListener(port: number): ListeningProcess | null {
  const inodes = new Set(
    ["/proc/net/tcp", "/proc/net/tcp6"].flatMap((table) => listeningInodes(table, port)),
  );
  if (inodes.size === 0) {
    return null;
  }
  const links = new Set([...inodes].map((inode) => `socket:[${inode}]`));
  const pid = listPids().find((candidate) => holdsAny(candidate, links));
  if (pid === undefined) {
    return { pid: null, words: [], isOurExecutable: false };
  }
  return {
    pid: Number(pid),
    words: (read(`/proc/${pid}/cmdline`) ?? "").split("\0").filter((word) => word !== ""),
    isOurExecutable: linkOf(`/proc/${pid}/exe`) === linkOf("/proc/self/exe"),
  };
}

/** Whether it is acra's program of this name: `server`, `connector`. */
export function isProgram({ words, isOurExecutable }: ListeningProcess, name: string): boolean {
  const [command = ""] = words;
  return (
    basename(command) === `acra-${name}` ||
    ((isOurExecutable || basename(command) === "acra") && words.includes(name))
  );
}

function listeningInodes(table: string, port: number): readonly string[] {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  return (read(table) ?? "").split("\n").flatMap((line) => {
    const columns = line.trim().split(/\s+/);
    const isMeant =
      columns[COLUMN_STATE] === LISTENING && columns[COLUMN_LOCAL]?.endsWith(suffix) === true;
    return isMeant ? [columns[COLUMN_INODE] ?? ""] : [];
  });
}

function listPids(): readonly string[] {
  try {
    return readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  } catch {
    return [];
  }
}

function holdsAny(pid: string, links: ReadonlySet<string>): boolean {
  const folder = `/proc/${pid}/fd`;
  try {
    return readdirSync(folder).some((name) => links.has(linkOf(`${folder}/${name}`) ?? ""));
  } catch {
    // Another user's process, or one that has just ended.
    return false;
  }
}

function linkOf(path: string): string | null {
  try {
    return readlinkSync(path);
  } catch {
    return null;
  }
}

function read(path: string): string | null {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return null;
  }
}
