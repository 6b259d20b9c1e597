/** Clears away the file that a process left behind when it died without unbinding its unix socket. */

import { lstat, unlink } from "node:fs/promises";
import { dial } from "./dial.ts";

const PROBE_TIMEOUT_MS = 1_000;

/**
 * Removes the socket file at `path` when connecting to it is refused (acra-cli.md §15 B-8). Anything
 * else there, a live socket or another kind of file, is left alone: listening fails on it by itself.
 */
export async function removeStaleSocket(path: string): Promise<void> {
  if ((await isSocketFile(path)) && (await isRefused(path))) {
    await unlink(path);
  }
}

async function isSocketFile(path: string): Promise<boolean> {
  try {
    return (await lstat(path)).isSocket();
  } catch {
    return false;
  }
}

async function isRefused(path: string): Promise<boolean> {
  try {
    const connection = await dial({ kind: "unix", path }, { timeoutMs: PROBE_TIMEOUT_MS });
    connection.abort();
    return false;
  } catch (error) {
    const cause = error instanceof Error ? error.cause : undefined;
    return cause instanceof Error && "code" in cause && cause.code === "ECONNREFUSED";
  }
}
