/** A logger for what may happen with every cell: one line per class and interval (DESIGN.md §5). */

import type { LogFields, Logger } from "./logger.ts";

interface LineClass {
  /** Lines of this class are held back until then, in ms. */
  quietUntil: number;
  suppressed: number;
}

/** Messages are constants of the program; a caller that breaks this must not cost memory. */
const CLASS_LIMIT = 1000;

type Level = "debug" | "info" | "warning" | "error";

/**
 * Lets the first line of each class (level and message) through and holds back its like for
 * `intervalMs`; the next one that gets through carries their number in the field `suppressed`.
 */
export function createThrottledLog(
  log: Logger,
  intervalMs: number,
  now: () => number = () => performance.now(),
): Logger {
  const classes = new Map<string, LineClass>();

  function write(level: Level, message: string, fields: LogFields | undefined): void {
    const key = `${level} ${message}`;
    const time = now();
    const known = classes.get(key);
    if (known !== undefined && time < known.quietUntil) {
      known.suppressed += 1;
      return;
    }
    if (known === undefined && classes.size >= CLASS_LIMIT) {
      classes.clear();
    }
    classes.set(key, { quietUntil: time + intervalMs, suppressed: 0 });
    const suppressed = known?.suppressed ?? 0;
    log[level](message, suppressed === 0 ? fields : { ...fields, suppressed });
  }

  return {
    debug: (message, fields) => write("debug", message, fields),
    info: (message, fields) => write("info", message, fields),
    warning: (message, fields) => write("warning", message, fields),
    error: (message, fields) => write("error", message, fields),
  };
}
