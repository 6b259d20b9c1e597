/**
 * A logger that sums up what comes again and again: the first line of a class is written at once, its
 * like are counted, and the count comes out when the interval is over, whether or not another one
 * follows (DESIGN.md §5). A flood of failures costs two lines for each class, and bounded memory.
 */

import type { LogLevel } from "./format.ts";
import type { LevelledLogger } from "./levelled_logger.ts";
import type { LogFields, Logger } from "./logger.ts";

/** How long lines of one class are held back, in ms. */
const INTERVAL_MS = 10_000;
/** Classes that are told apart; what comes on top is counted by its message, at last by its level. */
const CLASS_LIMIT = 100;

/**
 * Warnings and errors are summed up by class; info and debug lines are written as they come. Lines
 * are alike when message, code, `client_id`, the host of `peer`, and `reason` are the same; `error`
 * counts where there is no `reason`. A line that was summed up before, in another thread, stands for as
 * many as it says.
 */
export interface SummingLogger extends Logger {
  /** A debug line for what may happen with every cell: summed up as well. */
  debugSummed(message: string, fields?: LogFields): void;
  /** Writes what is held back; lines after this are written as they come. */
  close(): void;
}

/** Time, as far as it is needed. */
export interface SummingClock {
  /** Milliseconds since some moment. */
  now(): number;
  /** Calls back after a time in ms, unless the process ends before. */
  after(ms: number, work: () => void): void;
}

const SYSTEM_CLOCK: SummingClock = {
  now: () => performance.now(),
  after: (ms, work) => {
    setTimeout(work, ms).unref();
  },
};

/** Makes a summing logger that writes to another one; a test brings its own clock. */
export function createSummingLog(
  log: LevelledLogger,
  clock: SummingClock = SYSTEM_CLOCK,
): SummingLogger {
  return new SummingLog(log, clock);
}

/** What was written once and is held back now. */
interface LineClass {
  readonly level: LogLevel;
  readonly message: string;
  /** When the interval is over. */
  readonly due: number;
  /** Those of the last line. */
  fields: LogFields;
  /** Lines that were held back. */
  repeated: number;
}

/** What a line is counted under. */
interface Place {
  readonly key: string;
  readonly message: string;
  readonly fields: LogFields;
}

const NO_FIELDS: LogFields = {};

class SummingLog implements SummingLogger {
  readonly #log: LevelledLogger;
  readonly #clock: SummingClock;
  /** In the order in which they fall due. */
  readonly #classes = new Map<string, LineClass>();
  #armed = false;
  #closed = false;

  constructor(log: LevelledLogger, clock: SummingClock) {
    this.#log = log;
    this.#clock = clock;
  }

  debug(message: string, fields?: LogFields): void {
    this.#log.debug(message, fields);
  }

  info(message: string, fields?: LogFields): void {
    this.#log.info(message, fields);
  }

  warning(message: string, fields?: LogFields): void {
    this.#sum("warning", message, fields);
  }

  error(message: string, fields?: LogFields): void {
    this.#sum("error", message, fields);
  }

  debugSummed(message: string, fields?: LogFields): void {
    if (this.#log.level === "debug") {
      this.#sum("debug", message, fields);
    }
  }

  close(): void {
    this.#closed = true;
    for (const known of this.#classes.values()) {
      this.#write(known);
    }
    this.#classes.clear();
  }

  #sum(level: LogLevel, message: string, fields: LogFields = NO_FIELDS): void {
    if (this.#closed) {
      this.#log[level](message, fields);
      return;
    }
    const now = this.#clock.now();
    this.#tell(now);
    const { repeated: summed, ...rest } = fields;
    const place = this.#place(level, message, rest);
    const known = this.#classes.get(place.key);
    if (known !== undefined) {
      known.repeated += typeof summed === "number" ? summed : 1;
      known.fields = place.fields;
      return;
    }
    const due = now + INTERVAL_MS;
    this.#classes.set(place.key, { ...place, level, due, repeated: 0 });
    this.#arm(now);
    this.#log[level](message, fields);
  }

  /** Peers may vary what they do without end; then lines are told apart less and less. */
  #place(level: LogLevel, message: string, fields: LogFields): Place {
    const { code = "", client_id = "", peer = "", reason = fields["error"] ?? "" } = fields;
    const host = String(peer).replace(/:\d+$/, "");
    const exact = [level, message, code, client_id, host, reason].join("\n");
    if (this.#hasRoom(exact, CLASS_LIMIT)) {
      return { key: exact, message, fields };
    }
    const common = code === "" ? NO_FIELDS : { code };
    const coarse = `${level}\n${message}`;
    if (this.#hasRoom(coarse, 2 * CLASS_LIMIT)) {
      return { key: coarse, message, fields: common };
    }
    return { key: level, message: "Further lines of many kinds", fields: NO_FIELDS };
  }

  #hasRoom(key: string, limit: number): boolean {
    return this.#classes.size < limit || this.#classes.has(key);
  }

  /** Writes the counts that are due. A class that saw nothing new is forgotten: its next line is a first one. */
  #tell(now: number): void {
    for (const [key, known] of this.#classes) {
      if (known.due > now) {
        break;
      }
      this.#classes.delete(key);
      if (this.#write(known)) {
        this.#classes.set(key, { ...known, repeated: 0, due: now + INTERVAL_MS });
      }
    }
  }

  #write({ level, message, fields, repeated }: LineClass): boolean {
    if (repeated > 0) {
      this.#log[level](message, { ...fields, repeated });
    }
    return repeated > 0;
  }

  #arm(now: number): void {
    const [first] = this.#classes.values();
    if (first === undefined || this.#armed) {
      return;
    }
    this.#armed = true;
    this.#clock.after(Math.ceil(first.due - now), () => {
      this.#armed = false;
      const later = this.#clock.now();
      this.#tell(later);
      this.#arm(later);
    });
  }
}
