/** What a process holds and spends, read from `/proc`: descriptors, memory, CPU time. Linux only. */

import { readdirSync, readFileSync, writeFileSync } from "node:fs";

/** Length of a clock tick; the same on every Linux that Bun runs on. */
const MS_PER_TICK = 10;

/** What a process holds at one moment. */
export interface Usage {
  readonly fds: number;
  /** Resident memory, in bytes. */
  readonly resident: number;
}

/** @throws Error when there is no such process. */
export function readUsage(pid: number): Usage {
  return { fds: readdirSync(`/proc/${pid}/fd`).length, resident: statusBytes(pid, "VmRSS") };
}

/** The most that was resident since the start, or since {@link forgetResidentPeak}; in bytes. */
export function residentPeak(pid: number): number {
  return statusBytes(pid, "VmHWM");
}

/** Lets the peak begin anew at what is resident now. */
export function forgetResidentPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, "5");
}

/** CPU time of the process itself, user and system, in ms. */
export function cpuMilliseconds(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, "latin1");
  // See proc(5): the name in parentheses may hold anything.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK;
}

function statusBytes(pid: number, name: string): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1] ?? 0) * 1024;
}
