/** CPU time of processes and their descendants, as Linux counts it. */

import { readdirSync, readFileSync } from "node:fs";

/** Length of a clock tick; the same on every Linux that Bun runs on. */
const MICROSECONDS_PER_TICK = 10_000;

interface Stat {
  readonly parent: number;
  readonly ticks: number;
}

/** CPU time, user and system, of the processes and all that descend from them, in µs. */
export function readCpuMicroseconds(pids: readonly number[]): number {
  const stats = readStats();
  let ticks = 0;
  for (const [pid, stat] of stats) {
    if (belongsTo(pid, pids, stats)) {
      ticks += stat.ticks;
    }
  }
  return ticks * MICROSECONDS_PER_TICK;
}

function belongsTo(pid: number, pids: readonly number[], stats: Map<number, Stat>): boolean {
  for (let at: number | undefined = pid; at !== undefined; at = stats.get(at)?.parent) {
    if (pids.includes(at)) {
      return true;
    }
  }
  return false;
}

function readStats(): Map<number, Stat> {
  const stats = new Map<number, Stat>();
  for (const name of readdirSync("/proc")) {
    const stat = /^\d+$/.test(name) ? readStat(name) : null;
    if (stat !== null) {
      stats.set(Number(name), stat);
    }
  }
  return stats;
}

/** `null` when the process ended meanwhile. See proc(5): the name in parentheses may hold anything. */
function readStat(pid: string): Stat | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "latin1");
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return { parent: Number(fields[1]), ticks: Number(fields[11]) + Number(fields[12]) };
  } catch {
    return null;
  }
}
