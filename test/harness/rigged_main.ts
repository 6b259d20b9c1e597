/**
 * The real program, whose further threads can be made to end: those that live when the file named by
 * `ACRA_TEST_CRASH` appears end at once, each with the exit status in it.
 */

import { createTextInput, readVersion, runCli } from "../../src/cli/mod.ts";

process.exit(
  await runCli({
    argv0: process.argv0,
    args: process.argv.slice(2),
    stdin: createTextInput(() => process.stdin, process.stderr),
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    version: await readVersion(),
    startThread: () => new Worker(new URL("./rigged_worker.ts", import.meta.url).href),
  }),
);
