/**
 * The shell blocks of a page in docs/, typed into one shell as a reader would type them. A block of a
 * daemon has the word `daemon` behind its language (```` ```sh daemon ````): it runs beside the others
 * until the shell is stopped.
 */

import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { acraCommand } from "./acra.ts";
import { LineReader } from "./process.ts";
import { forgetProcess, makeTemporaryFolder, reapProcess } from "./reaper.ts";

/** A fenced block of shell commands. */
export interface ShellBlock {
  /** The heading it stands below, without its signs. */
  readonly heading: string;
  readonly isDaemon: boolean;
  readonly text: string;
}

const MARK = "-- end of block";
const PARTS = /^#+ (?<heading>.+)$|^```sh(?<words>.*)\n(?<text>(?:.*\n)*?)```$/gm;

/** All blocks of a page, in their order. */
export function readShellBlocks(markdown: string): readonly ShellBlock[] {
  const blocks: ShellBlock[] = [];
  let heading = "";
  for (const { groups = {} } of markdown.matchAll(PARTS)) {
    if (groups["heading"] !== undefined) {
      heading = groups["heading"];
    } else {
      const isDaemon = (groups["words"] ?? "").split(" ").includes("daemon");
      blocks.push({ heading, isDaemon, text: groups["text"] ?? "" });
    }
  }
  return blocks;
}

/** What a block printed. */
export interface BlockOutput {
  readonly stdout: string;
  readonly stderr: string;
}

/** One `sh -eu` with `acra` on its PATH; variables and the folder last from block to block. */
export class BlockShell {
  readonly #child;
  readonly #stdout: LineReader;
  readonly #stderr: LineReader;
  readonly #scripts = makeTemporaryFolder();
  #blocks = 0;

  constructor(cwd: string, env: Readonly<Record<string, string | undefined>> = {}) {
    const path = `${this.#layAcra()}:${process.env["PATH"] ?? ""}`;
    this.#child = Bun.spawn(["sh", "-eu"], {
      cwd,
      env: { ...process.env, PATH: path, ...env },
      // A group of its own, so that daemons end with it.
      detached: true,
      stdio: ["pipe", "pipe", "pipe"],
    });
    reapProcess(-this.#child.pid, "TERM");
    this.#stdout = new LineReader(this.#child.stdout);
    this.#stderr = new LineReader(this.#child.stderr);
  }

  /**
   * Runs a block to its end.
   * @throws Error with what was printed when a command fails, or the end does not come.
   */
  async run(text: string, timeoutMs = 30_000): Promise<BlockOutput> {
    const from = { stdout: this.#stdout.lines.length, stderr: this.#stderr.lines.length };
    const mark = `${MARK} ${this.#blocks}`;
    this.#type(`. ${this.#lay(text)} </dev/null; echo; echo '${mark}'; echo '${mark}' >&2`);
    const marks = [this.#stdout, this.#stderr].map((stream) => stream.waitFor(mark, timeoutMs));
    try {
      await Promise.all(marks);
    } catch (cause) {
      await Promise.allSettled(marks);
      const said = `${this.#stdout.text}\n${this.#stderr.text}`;
      throw new Error(`a block failed:\n${text}\n${said}`, { cause });
    }
    const since = (stream: LineReader, start: number) =>
      `${stream.lines.slice(start, stream.lines.indexOf(mark)).join("\n")}\n`;
    return {
      stdout: since(this.#stdout, from.stdout).replace(/\n\n$/, "\n").replace(/^\n$/, ""),
      stderr: since(this.#stderr, from.stderr).replace(/^\n$/, ""),
    };
  }

  /** Starts a block beside those to come; whoever calls waits until it is ready. Answers its log. */
  startDaemon(text: string): string {
    const script = this.#lay(text);
    const log = `${script}.log`;
    this.#type(`sh -eu ${script} </dev/null >${log} 2>&1 &`);
    return log;
  }

  /** Ends the shell and everything that it started. */
  async stop(): Promise<void> {
    this.#signal("SIGTERM");
    const timer = setTimeout(() => this.#signal("SIGKILL"), 10_000);
    await Promise.all([this.#child.exited, this.#stdout.ended, this.#stderr.ended]);
    clearTimeout(timer);
    forgetProcess(-this.#child.pid);
  }

  #signal(signal: NodeJS.Signals): void {
    try {
      process.kill(-this.#child.pid, signal);
    } catch {
      // The group is gone already.
    }
  }

  #type(line: string): void {
    this.#child.stdin.write(`${line}\n`);
    this.#child.stdin.flush();
  }

  /** A file for each block: commands that read their input must not read the blocks to come. */
  #lay(text: string): string {
    const path = join(this.#scripts, `block${++this.#blocks}.sh`);
    writeFileSync(path, text);
    return path;
  }

  #layAcra(): string {
    const folder = join(this.#scripts, "bin");
    mkdirSync(folder);
    const words = acraCommand().map((word) => `'${word}'`);
    writeFileSync(join(folder, "acra"), `#!/bin/sh\nexec ${words.join(" ")} "$@"\n`);
    chmodSync(join(folder, "acra"), 0o755);
    return folder;
  }
}
