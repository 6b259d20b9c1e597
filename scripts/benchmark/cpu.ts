/** CPU time of processes and their descendants, as Linux counts it. */

import { existsSync, readdirSync, readFileSync } from "node:fs";

/** Length of a clock tick; the same on every Linux that Bun runs on. */
const MICROSECONDS_PER_TICK = 10_000;
const NANOSECONDS_PER_MICROSECOND = 1000;

/** Whether the kernel tells run times in nanoseconds; otherwise ticks of 10 ms are counted. */
export const hasFineClock = existsSync("/proc/self/schedstat") && readThreads("self") > 0;

/** CPU time, user and system, of the processes and all that descend from them, in µs. */
export function readCpuMicroseconds(pids: readonly number[]): number {
  const read = hasFineClock ? readThreads : readTicks;
  return listTree(pids).reduce((sum, pid) => sum + read(String(pid)), 0);
}

/** The processes and all that descend from them. */
export function listTree(pids: readonly number[]): number[] {
  const parents = readParents();
  return [...parents.keys()].filter((pid) => belongsTo(pid, pids, parents));
}

function belongsTo(pid: number, pids: readonly number[], parents: Map<number, number>): boolean {
  for (let at: number | undefined = pid; at !== undefined; at = parents.get(at)) {
    if (pids.includes(at)) {
      return true;
    }
  }
  return false;
}

function readParents(): Map<number, number> {
  const parents = new Map<number, number>();
  for (const name of readdirSync("/proc")) {
    const parent = /^\d+$/.test(name) ? readStat(name)?.[1] : undefined;
    if (parent !== undefined) {
      parents.set(Number(name), Number(parent));
    }
  }
  return parents;
}

/** Run time of all threads, to the nanosecond: the first number of their schedstat. */
function readThreads(pid: string): number {
  let sum = 0;
  for (const thread of listThreads(pid)) {
    const text = readOrNull(`/proc/${pid}/task/${thread}/schedstat`);
    sum += Number(text?.split(" ")[0] ?? 0);
  }
  return sum / NANOSECONDS_PER_MICROSECOND;
}

function listThreads(pid: string): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
}

function readTicks(pid: string): number {
  const fields = readStat(pid) ?? [];
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) * MICROSECONDS_PER_TICK;
}

/** `null` when the process ended meanwhile. See proc(5): the name in parentheses may hold anything. */
function readStat(pid: string): string[] | null {
  const text = readOrNull(`/proc/${pid}/stat`);
  return text === null ? null : text.slice(text.lastIndexOf(")") + 2).split(" ");
}

function readOrNull(path: string): string | null {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return null;
  }
}
