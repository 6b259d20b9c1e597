/** Standard input: content of a pipe, and answers of a person at a terminal, secret ones without echo. */

import { ConfigError } from "../config/mod.ts";

/** Where text comes from. The stream behind it is touched only when something is read. */
export interface TextInput {
  readonly isTTY: boolean;
  /**
   * Everything up to the end.
   * @throws ConfigError when it is longer than `maximumLength` bytes.
   */
  readAll(maximumLength: number): Promise<Uint8Array>;
  /** Asks at the terminal for one line. */
  ask(question: string): Promise<string>;
  /** The same without showing what is typed. */
  askSecret(question: string): Promise<string>;
}

/** The parts of `process.stdin` that are used. */
interface InputStream extends AsyncIterable<Uint8Array | string> {
  readonly isTTY?: boolean;
  setRawMode?(on: boolean): unknown;
  on(event: "data" | "end", listener: (chunk: Uint8Array | string) => void): unknown;
  off(event: "data" | "end", listener: (chunk: Uint8Array | string) => void): unknown;
  pause(): unknown;
  resume(): unknown;
}

/** Reads a stream; questions are written to `output`. */
export function createTextInput(
  open: () => InputStream,
  output: { write(text: string): void },
): TextInput {
  let rest = "";
  const ask = async (question: string, isSecret: boolean): Promise<string> => {
    const stream = open();
    if (isSecret) {
      // Before the question is seen, so that nothing typed at once is shown.
      stream.setRawMode?.(true);
    }
    try {
      output.write(question);
      const typed = await readTypedLine(stream, rest);
      rest = typed.rest;
      return typed.line;
    } finally {
      if (isSecret) {
        stream.setRawMode?.(false);
        output.write("\n");
      }
    }
  };
  return {
    get isTTY() {
      return open().isTTY === true;
    },
    readAll: (maximumLength) => readAll(open(), maximumLength),
    ask: (question) => ask(question, false),
    askSecret: (question) => ask(question, true),
  };
}

async function readAll(stream: InputStream, maximumLength: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of stream) {
    const bytes = typeof chunk === "string" ? new TextEncoder().encode(chunk) : chunk;
    length += bytes.length;
    if (length > maximumLength) {
      throw new ConfigError(
        `standard input is longer than ${maximumLength} bytes`,
        "give it what the command asks for",
      );
    }
    chunks.push(bytes);
  }
  return new Uint8Array(Buffer.concat(chunks));
}

/** What a terminal in raw mode sends for keys that are no characters. */
const KEY = { interrupt: "\x03", end: "\x04", eraseLine: "\x15", escape: "\x1b" } as const;
const ERASE_KEYS = ["\x7f", "\b"];
const LINE_ENDS = ["\r", "\n"];

/** One line, and what was typed or pasted behind it already. */
interface TypedLine {
  readonly line: string;
  readonly rest: string;
}

/** Without echo the terminal leaves the editing of the line to us; with echo it does that itself. */
async function readTypedLine(stream: InputStream, before: string): Promise<TypedLine> {
  const editor = new LineEditor();
  const done = editor.type(before);
  if (done !== null) {
    return done;
  }
  const { promise, resolve, reject } = Promise.withResolvers<TypedLine>();
  const decoder = new TextDecoder();
  const onData = (chunk: Uint8Array | string): void => {
    const text = typeof chunk === "string" ? chunk : decoder.decode(chunk, { stream: true });
    const typed = editor.type(text);
    if (typed !== null) {
      resolve(typed);
    } else if (editor.isInterrupted) {
      reject(new ConfigError("interrupted", "nothing was changed; start again"));
    }
  };
  const onEnd = (): void => resolve({ line: editor.line, rest: "" });
  stream.on("data", onData);
  stream.on("end", onEnd);
  stream.resume();
  try {
    return await promise;
  } finally {
    stream.off("data", onData);
    stream.off("end", onEnd);
    stream.pause();
  }
}

/** A line as its keys are pressed. */
class LineEditor {
  #characters: string[] = [];
  /** Inside the sequence of a key such as an arrow, which ends with a letter or `~`. */
  #isEscape = false;
  #isInterrupted = false;

  get line(): string {
    return this.#characters.join("");
  }

  get isInterrupted(): boolean {
    return this.#isInterrupted;
  }

  /** The line when it is finished, else `null`. */
  type(text: string): TypedLine | null {
    const characters = [...text];
    for (const [at, character] of characters.entries()) {
      if (LINE_ENDS.includes(character) || character === KEY.end) {
        return { line: this.line, rest: characters.slice(at + 1).join("") };
      }
      this.#press(character);
    }
    return null;
  }

  #press(character: string): void {
    if (this.#isEscape) {
      this.#isEscape = !/[a-zA-NP-Z~]/.test(character);
    } else if (character === KEY.escape) {
      this.#isEscape = true;
    } else if (character === KEY.interrupt) {
      this.#isInterrupted = true;
    } else if (character === KEY.eraseLine) {
      this.#characters = [];
    } else if (ERASE_KEYS.includes(character)) {
      this.#characters.pop();
    } else if (character >= " ") {
      this.#characters.push(character);
    }
  }
}
