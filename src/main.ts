/** The program: arguments → command → exit code. Nothing else ends the process. */

import { createTextInput, readVersion, runCli } from "./cli/mod.ts";

/** How long the last lines may take to reach a slow reader, in ms. */
const FLUSH_TIMEOUT_MS = 2000;

interface Output {
  readonly isTTY: boolean;
  write(text: string | Uint8Array, done?: () => void): boolean;
  on(event: "error", listener: () => void): unknown;
  /** Why writing failed; nothing of the kind when the reader merely went away. */
  failure(): string | null;
}

function toOutput(stream: NodeJS.WriteStream): Output {
  let failure: string | null = null;
  const keepFailure = (error: (Error & { code?: string }) | null | undefined): void => {
    // A reader that went away (`acra help | head -1`) is no reason to fail.
    if (error && error.code !== "EPIPE") {
      failure ??= error.code ?? error.message;
    }
  };
  stream.on("error", keepFailure);
  return {
    failure: () => failure,
    isTTY: stream.isTTY === true,
    write: (text, done) =>
      stream.write(text, (error) => {
        keepFailure(error);
        done?.();
      }),
    on: (event, listener) => stream.on(event, listener),
  };
}

function flush(output: Output): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  output.write("", resolve);
  setTimeout(resolve, FLUSH_TIMEOUT_MS);
  return promise;
}

const stdout = toOutput(process.stdout);
const stderr = toOutput(process.stderr);
const exitCode = await runCli({
  argv0: process.argv0,
  args: process.argv.slice(2),
  stdin: createTextInput(() => process.stdin, stderr),
  stdout,
  stderr,
  env: process.env,
  version: await readVersion(),
  startThread: () => new Worker(new URL("./worker.ts", import.meta.url).href),
});
await flush(stdout);
const failure = stdout.failure();
if (failure !== null) {
  stderr.write(
    `error: the result cannot be written (${failure})\nhint: look at where the output goes\n`,
  );
}
await flush(stderr);
process.exit(failure === null ? exitCode : exitCode || 1);
