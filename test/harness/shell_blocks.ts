/** The shell blocks of a page of documentation, and a shell in which they run one after another. */

import { readFileSync } from "node:fs";
import { LineReader, LineTimeoutError } from "./process.ts";
import { forgetProcess, reapProcess } from "./reaper.ts";

/** A block of a page that readers enter into a shell. */
export interface ShellBlock {
  /** Heading of the section in which it stands, without its number. */
  readonly section: string;
  readonly commands: string;
}

/** All blocks of a page that are marked as `sh`, in their order. */
export function readShellBlocks(page: string): ShellBlock[] {
  const blocks: ShellBlock[] = [];
  let section = "";
  const parts = /^#+ (?:\d+\. )?(?<heading>[^\n]*)$|^```(?<language>\w*)\n(?<text>.*?)^```$/gms;
  for (const { groups } of readFileSync(page, "utf8").matchAll(parts)) {
    section = groups?.["heading"] ?? section;
    if (groups?.["language"] === "sh") {
      blocks.push({ section, commands: groups["text"] ?? "" });
    }
  }
  return blocks;
}

const ERROR_LINES_SHOWN = 20;

/** How a shell is started. */
export interface ShellOptions {
  readonly cwd: string;
  readonly env?: Record<string, string | undefined>;
  /** The shell itself, `sh` unless it is to be another one. */
  readonly command?: readonly string[];
}

/**
 * One shell that lives over many blocks, as a reader's: variables, the folder and programs in the
 * background last. A command that fails ends it. What it started ends with it.
 */
export class Shell {
  readonly #child: Bun.Subprocess<"pipe", "pipe", "pipe">;
  readonly #stdout: LineReader;
  readonly #stderr: LineReader;
  #blocks = 0;

  constructor({ cwd, env = {}, command = ["sh"] }: ShellOptions) {
    this.#child = Bun.spawn([...command, "-eu"], {
      cwd,
      env: { ...process.env, ...env },
      stdio: ["pipe", "pipe", "pipe"],
      detached: true, // a group of its own, so that all of it can be ended
    });
    reapProcess(-this.#child.pid, "TERM");
    this.#stdout = new LineReader(this.#child.stdout);
    this.#stderr = new LineReader(this.#child.stderr);
  }

  /**
   * Runs commands to their end; answers what they printed.
   * @throws Error with all that was printed when a command fails.
   */
  async run(commands: string, timeoutMs = 60_000): Promise<string> {
    this.#blocks++;
    const mark = `-- end of block ${this.#blocks} --`;
    const begin = this.#stdout.lines.length;
    const beginOfErrors = this.#stderr.lines.length;
    this.#child.stdin.write(`{\n${commands}\n} </dev/null\necho; echo '${mark}'\n`);
    this.#child.stdin.flush();
    try {
      await this.#stdout.waitFor(mark, timeoutMs);
    } catch (error) {
      if (!(error instanceof LineTimeoutError)) {
        throw error;
      }
      const said = [
        ...this.#stdout.lines.slice(begin),
        ...this.#stderr.lines.slice(beginOfErrors).slice(-ERROR_LINES_SHOWN),
      ];
      throw new Error(`the shell did not come to the end of\n${commands}\n${said.join("\n")}`);
    }
    return this.#stdout.lines.slice(begin, -1).join("\n").trim();
  }

  /** Ends the shell and everything it started. */
  async stop(): Promise<void> {
    await this.#child.stdin.end();
    try {
      process.kill(-this.#child.pid, "SIGTERM");
    } catch {
      // Everything has ended by itself.
    }
    await this.#child.exited;
    forgetProcess(-this.#child.pid);
  }
}
