/**
 * A child process whose lines of stderr and stdout are kept and can be waited for, and which never
 * outlives this process.
 */

import { forgetProcess, reapProcess } from "./reaper.ts";
import type { User } from "./users.ts";

/** How to start a process. */
export interface ProcessOptions {
  readonly env?: Record<string, string | undefined>;
  readonly cwd?: string;
  /** Whom to run as; only root can choose. */
  readonly user?: User | null;
  /** The signal that makes it end at once and in order, should we die. */
  readonly endSignal?: "TERM" | "QUIT" | "KILL";
}

/** A line waited for did not come: carries what came instead. */
export class LineTimeoutError extends Error {
  override readonly name = "LineTimeoutError";
}

/** Most lines that are kept of a stream, the newest ones. */
const MAXIMUM_LINES = 10_000;

type Watcher = (line: string) => void;

/** The lines of one stream. */
export class LineReader {
  readonly lines: string[] = [];
  /** Resolves when the stream ended. */
  readonly ended: Promise<void>;
  readonly #watchers = new Set<Watcher>();

  constructor(stream: ReadableStream<Uint8Array>) {
    this.ended = this.#read(stream);
  }

  get text(): string {
    return this.lines.join("\n");
  }

  /** The first line that matches, among those that were read and those to come. */
  async waitFor(pattern: RegExp | string, timeoutMs = 20_000): Promise<string> {
    const matches = (line: string) =>
      typeof pattern === "string" ? line.includes(pattern) : pattern.test(line);
    const known = this.lines.find(matches);
    if (known !== undefined) {
      return known;
    }
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const fail = (why: string) =>
      reject(new LineTimeoutError(`no line like ${pattern}: ${why}; got:\n${this.text}`));
    const watcher = (line: string) => matches(line) && resolve(line);
    const timer = setTimeout(() => fail(`waited ${timeoutMs} ms`), timeoutMs);
    this.#watchers.add(watcher);
    void this.ended.then(() => fail("the stream ended"));
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#watchers.delete(watcher);
    }
  }

  async #read(stream: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    let rest = "";
    try {
      for await (const chunk of stream) {
        const parts = (rest + decoder.decode(chunk, { stream: true })).split("\n");
        rest = parts.pop() ?? "";
        for (const line of parts) {
          this.#add(line);
        }
      }
    } catch {
      // The process was killed while its pipe was read: that is an end too.
    }
    if (rest !== "") {
      this.#add(rest);
    }
  }

  #add(line: string): void {
    this.lines.push(line);
    if (this.lines.length > MAXIMUM_LINES) {
      this.lines.shift();
    }
    for (const watcher of this.#watchers) {
      watcher(line);
    }
  }
}

/** A running process. */
export interface RunningProcess {
  readonly pid: number;
  readonly stdout: LineReader;
  readonly stderr: LineReader;
  /** Resolves with the exit status; 128 + the signal's number when a signal ended it. */
  readonly exited: Promise<number>;
  readonly running: boolean;
  signal(signal: NodeJS.Signals): void;
  /** Sends the signal, waits, and kills what does not end in time; answers the exit status. */
  stop(signal?: NodeJS.Signals, timeoutMs?: number): Promise<number>;
}

/** Starts a process; whoever ends first, it is gone when this process is. */
export function startProcess(command: string[], options: ProcessOptions = {}): RunningProcess {
  const { user } = options;
  const child = Bun.spawn(command, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...options.env },
    cwd: options.cwd ?? process.cwd(),
    ...(user ? { uid: user.uid, gid: user.gid } : {}),
  });
  reapProcess(child.pid, options.endSignal ?? "TERM");
  child.unref();
  const stdout = new LineReader(child.stdout);
  const stderr = new LineReader(child.stderr);
  const exited = child.exited.then(async (status) => {
    forgetProcess(child.pid);
    await Promise.race([Promise.all([stdout.ended, stderr.ended]), Bun.sleep(500)]);
    return status;
  });
  return {
    pid: child.pid,
    stdout,
    stderr,
    exited,
    get running() {
      return child.exitCode === null && child.signalCode === null;
    },
    signal: (signal) => child.kill(signal),
    async stop(signal = "SIGTERM", timeoutMs = 15_000) {
      child.kill(signal);
      const timer = setTimeout(() => child.kill("SIGKILL"), timeoutMs);
      try {
        return await exited;
      } finally {
        clearTimeout(timer);
      }
    },
  };
}

/** What a process that ran to its end had to say. */
export interface FinishedProcess {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a process to its end. */
export async function runProcess(
  command: string[],
  options: ProcessOptions & { readonly timeoutMs?: number } = {},
): Promise<FinishedProcess> {
  const child = startProcess(command, options);
  const timer = setTimeout(() => child.signal("SIGKILL"), options.timeoutMs ?? 60_000);
  const status = await child.exited;
  clearTimeout(timer);
  return { status, stdout: child.stdout.text, stderr: child.stderr.text };
}
