/** The log of a thread: lines go to the supervisor, which alone writes. Those below the level are not made. */

import type { LevelledLogger, LogFields, LogLevel } from "../log/mod.ts";
import type { LogRecord } from "./messages.ts";

const WEIGHTS: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warning: 2, error: 3 };
const NO_FIELDS: LogFields = {};

/** Sends lines. */
export class ThreadLog implements LevelledLogger {
  level: LogLevel = "warning";
  /** Only whoever reports a failed start looks at it. */
  readonly structured = false;
  readonly #send: (record: LogRecord) => void;

  constructor(send: (record: LogRecord) => void) {
    this.#send = send;
  }

  debug(message: string, fields?: LogFields): void {
    this.#log("debug", message, fields);
  }

  info(message: string, fields?: LogFields): void {
    this.#log("info", message, fields);
  }

  warning(message: string, fields?: LogFields): void {
    this.#log("warning", message, fields);
  }

  error(message: string, fields?: LogFields): void {
    this.#log("error", message, fields);
  }

  /** Runs what the supervisor has run and told of already; only errors are sent. */
  quietly<Result>(work: () => Result): Result {
    const { level } = this;
    this.level = "error";
    try {
      return work();
    } finally {
      this.level = level;
    }
  }

  #log(level: LogLevel, message: string, fields: LogFields = NO_FIELDS): void {
    if (WEIGHTS[level] >= WEIGHTS[this.level]) {
      this.#send({ level, message, fields });
    }
  }
}
