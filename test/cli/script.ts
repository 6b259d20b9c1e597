/**
 * Scripts of commands and expectations, one a line:
 *
 *   acra ARGS…            runs acra; it has to end with 0.  `! acra …`: with anything else
 *   run FILE ARGS…        the same with another program, such as a link
 *   code N                the last exit code
 *   stdout 'REGEX'        the last output, line by line (flag m).  `! stdout …`: must not match
 *   stderr 'REGEX'        likewise
 *   exists PATH           a file or folder.  `! exists …`
 *   write PATH 'TEXT'     makes a file; \n in the text is a line end
 *   mode 0600 PATH        the permissions of a file or folder
 *   stdin 'TEXT'          what the next command reads from standard input
 *   copy PATH PATH        copies a file with its mode;  `remove PATH`;  `chmod 0600 PATH`
 *   folder PATH           makes a folder
 *   link NAME             a link to the binary
 *   env NAME=VALUE        for the following commands
 *   needs binary          the script is skipped without a compiled binary
 *   # …                   a remark
 */

import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { acraCommand } from "../harness/acra.ts";

/** A script that was read. */
export interface Script {
  readonly lines: readonly ScriptLine[];
  readonly needsBinary: boolean;
}

interface ScriptLine {
  readonly number: number;
  /** The line began with `!`. */
  readonly negated: boolean;
  readonly words: readonly string[];
}

/** What a script has done so far. */
interface ScriptState {
  readonly folder: string;
  readonly env: Record<string, string>;
  code: number;
  stdin: string;
  readonly output: { stdout: string; stderr: string };
}

const COMMAND_TIMEOUT_MS = 15_000;

/** Splits a script into lines of words; single quotes keep a word together. */
export function parseScript(text: string): Script {
  const lines: ScriptLine[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    if (line.trim() === "" || line.startsWith("#")) {
      continue;
    }
    const words = [...line.matchAll(/(?:[^\s']|'[^']*')+/g)].map(([word]) =>
      word.replaceAll("'", ""),
    );
    const negated = words[0] === "!";
    lines.push({ number: index + 1, negated, words: negated ? words.slice(1) : words });
  }
  return { lines, needsBinary: lines.some(({ words }) => words.join(" ") === "needs binary") };
}

/**
 * Runs a script in a fresh folder.
 * @throws Error that names the line which did not go as written.
 */
export async function runScript(script: Script): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "acra-cli-"));
  const env = { PATH: process.env["PATH"] ?? "", HOME: folder };
  const state: ScriptState = {
    folder,
    env,
    code: 0,
    stdin: "",
    output: { stdout: "", stderr: "" },
  };
  try {
    for (const line of script.lines) {
      const complaint = await runLine(line, state);
      if (complaint !== null) {
        const { stdout, stderr } = state.output;
        throw new Error(
          `line ${line.number}: ${complaint}\n${line.words.join(" ")}\nstdout: ${stdout}\nstderr: ${stderr}`,
        );
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function runLine({ words, negated }: ScriptLine, state: ScriptState): Promise<string | null> {
  const [word = "", first = "", second = ""] = words;
  const path = join(state.folder, first);
  switch (word) {
    case "acra":
      return await runProgram([...acraCommand(), ...words.slice(1)], negated, state);
    case "run":
      return await runProgram([first, ...words.slice(2)], negated, state);
    case "code":
      return state.code === Number(first) ? null : `exit code ${state.code}`;
    case "stdout":
    case "stderr":
      return findMismatch(word, state.output[word], first, negated);
    case "exists":
      return existsSync(path) !== negated ? null : `${first} is ${negated ? "there" : "missing"}`;
    case "write":
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, second.replaceAll("\\n", "\n"));
      return null;
    case "mode":
      return findModeMismatch(join(state.folder, second), first);
    case "chmod":
      chmodSync(join(state.folder, second), Number.parseInt(first, 8));
      return null;
    case "copy":
      mkdirSync(dirname(join(state.folder, second)), { recursive: true });
      cpSync(path, join(state.folder, second), { preserveTimestamps: true });
      return null;
    case "remove":
      rmSync(path, { recursive: true });
      return null;
    case "stdin":
      state.stdin = first.replaceAll("\\n", "\n");
      return null;
    case "folder":
      mkdirSync(path, { recursive: true });
      return null;
    case "link":
      symlinkSync(resolve(process.env["ACRA_BINARY"] ?? ""), path);
      return null;
    case "env":
      state.env[first.slice(0, first.indexOf("="))] = first.slice(first.indexOf("=") + 1);
      return null;
    case "needs":
      return null;
    default:
      return `unknown word ${word}`;
  }
}

function findModeMismatch(path: string, wanted: string): string | null {
  const mode = (statSync(path).mode & 0o777).toString(8).padStart(4, "0");
  return mode === wanted ? null : `its mode is ${mode}`;
}

function findMismatch(
  name: string,
  text: string,
  pattern: string,
  negated: boolean,
): string | null {
  const matches = new RegExp(pattern, "m").test(text);
  if (matches !== negated) {
    return null;
  }
  return negated ? `${name} matches` : `${name} does not match`;
}

async function runProgram(
  command: string[],
  negated: boolean,
  state: ScriptState,
): Promise<string | null> {
  const stdin = new TextEncoder().encode(state.stdin);
  state.stdin = "";
  const child = Bun.spawn(command, {
    cwd: state.folder,
    env: state.env,
    stdio: [stdin.length > 0 ? stdin : "ignore", "pipe", "pipe"],
    timeout: COMMAND_TIMEOUT_MS,
  });
  const [stdout, stderr, code] = await Promise.all([
    child.stdout.text(),
    child.stderr.text(),
    child.exited,
  ]);
  Object.assign(state, { code, output: { stdout, stderr } });
  return (code !== 0) === negated ? null : `exit code ${code}`;
}
