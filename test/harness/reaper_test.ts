/** Nothing that was entrusted to the reaper outlives the process, however that ends. */

import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

const PROGRAM = `
  import { makeTemporaryFolder } from ${JSON.stringify(join(import.meta.dir, "reaper.ts"))};
  import { startProcess } from ${JSON.stringify(join(import.meta.dir, "process.ts"))};
  const folder = makeTemporaryFolder();
  const child = startProcess(["sleep", "60"]);
  const ended = startProcess(["true"]);
  await ended.exited;
  console.log(JSON.stringify({ folder, pid: child.pid }));
`;

/** Whether the process runs; one that ended and waits for its new parent to notice does not. */
function exists(pid: number): boolean {
  const status = `/proc/${pid}/status`;
  if (existsSync("/proc/self/status")) {
    return existsSync(status) && !/^State:\s*Z/m.test(readFileSync(status, "latin1"));
  }
  const state = Bun.spawnSync(["ps", "-o", "stat=", "-p", String(pid)])
    .stdout.toString()
    .trim();
  return state !== "" && !state.startsWith("Z");
}

async function until(holds: () => boolean): Promise<boolean> {
  const end = Date.now() + 5000;
  while (!holds() && Date.now() < end) {
    await Bun.sleep(20);
  }
  return holds();
}

test.each([
  ["reaches its end", ""],
  ["calls process.exit", "process.exit(3);"],
  ["throws", "throw new Error('oh');"],
  ["is killed", "process.kill(process.pid, 'SIGKILL');"],
  ["gets Ctrl-C", "process.kill(process.pid, 'SIGINT'); await Bun.sleep(5000);"],
])("a process that %s leaves no child and no folder behind", async (_how, ending) => {
  const parent = Bun.spawn([process.execPath, "-e", PROGRAM + ending], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  const said: { folder: string; pid: number } = JSON.parse(
    await new Response(parent.stdout).text(),
  );
  await parent.exited;
  expect(said.pid).toBeGreaterThan(1);
  expect(await until(() => !exists(said.pid))).toBe(true);
  expect(await until(() => !existsSync(said.folder))).toBe(true);
});
