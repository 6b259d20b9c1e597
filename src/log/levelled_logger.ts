/** The logger of the programs: levels, a form, a stream (acra-cli.md §6). */

import {
  createCefFormatter,
  createJsonFormatter,
  createPlainFormatter,
  createTerminalFormatter,
  type LogFormatter,
  type LogIdentity,
  type LogLevel,
} from "./format.ts";
import type { LogFields, Logger } from "./logger.ts";
import { createStreamWriter, type LogStream } from "./stream_writer.ts";

/** A logger whose level can be switched while it runs. */
export interface LevelledLogger extends Logger {
  /** Lines below this level are not made at all. */
  level: LogLevel;
  /** Whether lines are for programs to read: json or cef. */
  readonly structured: boolean;
}

/** Where a log goes and what it looks like. */
export interface LogOptions extends LogIdentity {
  readonly stream: LogStream;
  /** As in `--logging_format`: `json` or `cef` in any case; all else means plaintext. */
  readonly format: string;
  /** Plaintext in colours, for terminals. */
  readonly colours: boolean;
  readonly level: LogLevel;
  /** Milliseconds since 1970; a test brings its own clock. */
  readonly now?: () => number;
}

const WEIGHTS: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warning: 2, error: 3 };

/** Makes a logger that never throws and never waits for its reader. */
export function createLog(options: LogOptions): LevelledLogger {
  const now = options.now ?? Date.now;
  const format = createFormatter(options, now());
  const write = createStreamWriter(options.stream, (count) =>
    format({
      time: now(),
      level: "warning",
      message: "Log lines were dropped because nobody read them",
      fields: { count },
    }),
  );
  const structured = STRUCTURED.includes(options.format.toLowerCase());
  return new StreamLogger({ format, write, now, structured }, options.level);
}

function createFormatter(options: LogOptions, started: number): LogFormatter {
  switch (options.format.toLowerCase()) {
    case "json":
      return createJsonFormatter(options);
    case "cef":
      return createCefFormatter(options);
    default:
      return options.colours
        ? createTerminalFormatter(options, started)
        : createPlainFormatter(options);
  }
}

const STRUCTURED: readonly string[] = ["json", "cef"];

const NO_FIELDS: LogFields = {};

/** What a logger is made of. */
interface LoggerParts {
  readonly format: LogFormatter;
  readonly write: (line: string) => void;
  readonly now: () => number;
  readonly structured: boolean;
}

class StreamLogger implements LevelledLogger {
  readonly structured: boolean;
  readonly #format: LogFormatter;
  readonly #write: (line: string) => void;
  readonly #now: () => number;
  #level: LogLevel;
  #weight: number;

  constructor({ format, write, now, structured }: LoggerParts, level: LogLevel) {
    this.structured = structured;
    this.#format = format;
    this.#write = write;
    this.#now = now;
    this.#level = level;
    this.#weight = WEIGHTS[level];
  }

  get level(): LogLevel {
    return this.#level;
  }

  set level(level: LogLevel) {
    this.#level = level;
    this.#weight = WEIGHTS[level];
  }

  debug(message: string, fields?: LogFields): void {
    if (this.#weight <= WEIGHTS.debug) {
      this.#log("debug", message, fields);
    }
  }

  info(message: string, fields?: LogFields): void {
    if (this.#weight <= WEIGHTS.info) {
      this.#log("info", message, fields);
    }
  }

  warning(message: string, fields?: LogFields): void {
    if (this.#weight <= WEIGHTS.warning) {
      this.#log("warning", message, fields);
    }
  }

  error(message: string, fields?: LogFields): void {
    this.#log("error", message, fields);
  }

  #log(level: LogLevel, message: string, fields: LogFields = NO_FIELDS): void {
    this.#write(this.#format({ time: this.#now(), level, message, fields }));
  }
}
