/** CPU time of processes and their descendants, as Linux counts it. */

import { dlopen } from "bun:ffi";
import { readdirSync, readFileSync } from "node:fs";

/** Length of a clock tick; the same on every Linux that Bun runs on. */
const MICROSECONDS_PER_TICK = 10_000;
const NANOSECONDS_PER_MICROSECOND = 1000;

// Specification: how Linux makes a number for the CPU clock of a process out of the process's own.
const CLOCK_PID_SHIFT = 3;
const CLOCK_OF_PROCESS = 2;

const libc = openLibc();

/** Whether run times are told in nanoseconds; otherwise ticks of 10 ms are counted. */
export const hasFineClock: boolean = readClock(String(process.pid)) > 0;

/** CPU time, user and system, of the processes and all that descend from them, in µs. */
export function readCpuMicroseconds(pids: readonly number[]): number {
  const read = hasFineClock ? readClock : readTicks;
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

/** The process's own clock, to the nanosecond: it has the time of threads that have ended, too. */
function readClock(pid: string): number {
  const id = (~Number(pid) << CLOCK_PID_SHIFT) | CLOCK_OF_PROCESS;
  const time = new BigInt64Array(2);
  if (libc?.symbols.clock_gettime(id, time) !== 0) {
    return 0;
  }
  const [seconds = 0n, nanoseconds = 0n] = time;
  return Number(seconds) * 1e6 + Number(nanoseconds) / NANOSECONDS_PER_MICROSECOND;
}

/** `null` where the C library has another name. */
function openLibc() {
  try {
    return dlopen("libc.so.6", { clock_gettime: { args: ["i32", "ptr"], returns: "i32" } });
  } catch {
    return null;
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
