import { afterEach, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { makeTemporaryFolder } from "./reaper.ts";
import { BlockShell, readShellBlocks } from "./shell_blocks.ts";

const PAGE = `# A page

\`\`\`sh
export GREETING=hello
cd ..
\`\`\`

## Second part

\`\`\`
not a command
\`\`\`

\`\`\`sh daemon
exec sleep 1000
\`\`\`
`;

let shell: BlockShell | null = null;

afterEach(async () => {
  await shell?.stop();
  shell = null;
});

function start(): BlockShell {
  shell = new BlockShell(makeTemporaryFolder(), { SECOND: "2" });
  return shell;
}

test("the blocks of a page are found, with their headings and daemons", () => {
  expect(readShellBlocks(PAGE)).toEqual([
    { heading: "A page", isDaemon: false, text: "export GREETING=hello\ncd ..\n" },
    { heading: "Second part", isDaemon: true, text: "exec sleep 1000\n" },
  ]);
});

test("variables last from block to block, and acra is on the PATH", async () => {
  const running = start();
  const said = await running.run("export GREETING=hello\ncd /\n");
  expect(said).toEqual({ stdout: "", stderr: "" });
  expect(await running.run('echo "$GREETING $SECOND"; pwd; echo careful >&2\n')).toEqual({
    stdout: "hello 2\n/\n",
    stderr: "careful\n",
  });
  expect((await running.run("cat; printf end; acra version\n")).stdout).toMatch(/^end\d+\.\d+/);
});

test("a command that fails in the middle of a block fails the block", async () => {
  await expect(start().run("echo before\nfalse\necho after\n")).rejects.toThrow(
    /a block failed:\necho before\nfalse\necho after\n\nbefore/,
  );
});

test("a daemon runs beside the other blocks, knows their variables and ends with the shell", async () => {
  const running = start();
  await running.run("export GREETING=hello\n");
  const log = running.startDaemon('echo "$GREETING $$"; exec sleep 1000\n');
  await running.run(`until [ -s '${log}' ]; do sleep 0.05; done\n`);
  const [, pid = ""] = /^hello (\d+)$/m.exec(readFileSync(log, "utf8")) ?? [];
  expect(isRunning(pid)).toBe(true);
  await running.stop();
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
