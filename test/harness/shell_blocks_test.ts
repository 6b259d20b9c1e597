/** The shell that follows the pages of documentation. */

import { afterEach, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeTemporaryFolder } from "./reaper.ts";
import { readShellBlocks, Shell } from "./shell_blocks.ts";

const PAGE = `# A page

\`\`\`sh
export GREETING=hello
\`\`\`

## 2. Second part

\`\`\`
not a command
\`\`\`

\`\`\`sh
sleep 1000 &
SLEEPER=$!
\`\`\`
`;

let shell: Shell | null = null;

afterEach(async () => {
  await shell?.stop();
  shell = null;
});

function start(): Shell {
  shell = new Shell({ cwd: makeTemporaryFolder(), env: { SECOND: "2" } });
  return shell;
}

test("the blocks of a page are found, with their sections", () => {
  const path = join(makeTemporaryFolder(), "page.md");
  writeFileSync(path, PAGE);
  expect(readShellBlocks(path)).toEqual([
    { section: "A page", commands: "export GREETING=hello\n" },
    { section: "Second part", commands: "sleep 1000 &\nSLEEPER=$!\n" },
  ]);
});

test("variables last from block to block, and nothing reads the blocks to come", async () => {
  const running = start();
  expect(await running.run("export GREETING=hello\ncd /\n")).toBe("");
  expect(await running.run('echo "$GREETING $SECOND"; pwd\ncat; printf end\n')).toBe(
    "hello 2\n/\nend",
  );
});

test("a command that fails in the middle of a block fails the block", async () => {
  await expect(start().run("echo before\nfalse\necho after\n")).rejects.toThrow(
    "did not come to the end of\necho before\nfalse\necho after\n\nbefore",
  );
});

test("a program in the background runs beside the other blocks and ends with the shell", async () => {
  const running = start();
  await running.run("sleep 1000 &\nSLEEPER=$!\n");
  const pid = await running.run('echo "$SLEEPER"');
  expect(isRunning(pid)).toBe(true);
  await running.stop();
  shell = null;
  const end = Date.now() + 5_000;
  while (isRunning(pid) && Date.now() < end) {
    await Bun.sleep(10);
  }
  expect(isRunning(pid)).toBe(false);
});

/** Whether there is such a process, which nobody has to have waited for once it ended. */
function isRunning(pid: string): boolean {
  const { stdout } = Bun.spawnSync(["ps", "-o", "stat=", "-p", pid]);
  return /^[^Z\s]/.test(stdout.toString());
}
