/** The CPU time that is read is that of the processes and of their descendants. */

import { afterAll, expect } from "bun:test";
import { missingLinux, missingPythonModule, PYTHON, testUnless } from "../../test/harness/skip.ts";
import { listTree, readCpuMicroseconds } from "./cpu.ts";

const missingPython = missingLinux ?? missingPythonModule("threading");

/** A shell with a child, which burns CPU until it is ended. */
const family = Bun.spawn(["/bin/sh", "-c", "(while :; do :; done) & echo $!; wait"], {
  stdio: ["ignore", "pipe", "ignore"],
});
const bystander = Bun.spawn(["sleep", "60"], { stdio: ["ignore", "ignore", "ignore"] });
const { value } = await family.stdout.getReader().read();
const child = Number(new TextDecoder().decode(value));

/** A program whose thread works for a while, and ends when a line comes. */
const THREADS = `
import threading, time
def work():
    end = time.monotonic() + 0.2
    while time.monotonic() < end: pass
    print("worked", flush=True)
    input()
thread = threading.Thread(target=work)
thread.start()
thread.join()
print("ended", flush=True)
time.sleep(60)`;

afterAll(() => {
  process.kill(child);
  family.kill();
  bystander.kill();
});

testUnless(missingLinux, "listTree finds children, and nobody else", () => {
  expect(listTree([family.pid]).sort()).toEqual([family.pid, child].sort());
  expect(listTree([bystander.pid])).toEqual([bystander.pid]);
  expect(listTree([])).toEqual([]);
});

testUnless(missingLinux, "readCpuMicroseconds counts the work of a child", async () => {
  const before = [readCpuMicroseconds([family.pid]), readCpuMicroseconds([bystander.pid])];
  await Bun.sleep(300);
  const [busy = 0, idle = 0] = [
    readCpuMicroseconds([family.pid]) - (before[0] ?? 0),
    readCpuMicroseconds([bystander.pid]) - (before[1] ?? 0),
  ];
  expect(busy).toBeGreaterThan(1000);
  expect(busy).toBeLessThan(60_000_000);
  expect(idle).toBe(0);
});

testUnless(missingPython, "the work of a thread that has ended stays counted", async () => {
  const threads = Bun.spawn([PYTHON, "-c", THREADS], { stdio: ["pipe", "pipe", "ignore"] });
  const lines = threads.stdout.getReader();
  await lines.read();
  const before = readCpuMicroseconds([threads.pid]);
  threads.stdin.write("\n");
  threads.stdin.flush();
  await lines.read();
  // It was joined by its program; to the kernel it is gone a moment later.
  await Bun.sleep(200);
  expect(before).toBeGreaterThan(50_000);
  expect(readCpuMicroseconds([threads.pid])).toBeGreaterThanOrEqual(before);
  threads.kill();
});

testUnless(missingLinux, "a process that is gone costs nothing", async () => {
  const gone = Bun.spawn(["true"]);
  await gone.exited;
  expect(readCpuMicroseconds([gone.pid])).toBe(0);
});
