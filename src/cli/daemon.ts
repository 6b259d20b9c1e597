/** What both daemons do around their work: log levels, signals, an orderly end (acra-cli.md §6.1, §7). */

import { ConfigError } from "../config/mod.ts";
import {
  describeError,
  EVENT,
  type LevelledLogger,
  type Logger,
  type LogLevel,
  type SummingLogger,
} from "../log/mod.ts";

/** The two settings that choose a level. */
interface LevelValues {
  readonly d: boolean;
  readonly v: boolean;
}

const LEVEL_MESSAGES: Readonly<Record<ReturnType<typeof levelOf>, string>> = {
  debug: "Enabling DEBUG log level",
  info: "Enabling VERBOSE log level",
  warning: "Disabling future logs... Set -v -d to see logs",
};

/** The level that the settings ask for, once the start is over. */
export function levelOf({ d, v }: LevelValues): Exclude<LogLevel, "error"> {
  if (d) {
    return "debug";
  }
  return v ? "info" : "warning";
}

/** Switches from the level of start-up to the one that the settings ask for, and says so. */
export function endStartUp(log: LevelledLogger, values: LevelValues): void {
  const level = levelOf(values);
  log.info(LEVEL_MESSAGES[level]);
  log.level = level;
}

/** How a daemon ends. */
interface Ending {
  /** The first signal: end in an orderly way. */
  readonly drain: () => void;
  /** The second signal: end at once. */
  readonly stop: () => void;
  /** SIGHUP: read the settings again; without this it ends the process, as signals do. */
  readonly reload?: () => void;
}

/**
 * Runs until `finished` gives the exit status; SIGINT and SIGTERM drain, a second one stops.
 * A defect that nobody caught is logged: it must not take the other sessions along. At the end the
 * log writes what it holds back.
 */
export async function runUntilSignal(
  finished: Promise<number>,
  log: SummingLogger,
  ending: Ending,
): Promise<number> {
  let signals = 0;
  const onSignal = (): void => {
    signals++;
    if (signals === 1) {
      log.info("Received incoming SIGTERM or SIGINT signal");
      ending.drain();
    } else {
      ending.stop();
    }
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  if (ending.reload !== undefined) {
    process.on("SIGHUP", ending.reload);
  }
  const forgetDefects = logDefects(log);
  try {
    return await finished;
  } finally {
    process.off("SIGINT", onSignal);
    process.off("SIGTERM", onSignal);
    if (ending.reload !== undefined) {
      process.off("SIGHUP", ending.reload);
    }
    forgetDefects();
    log.close();
  }
}

/** Logs mistakes of ours that nobody caught in this thread, which goes on; the answer ends that. */
export function logDefects(log: Logger): () => void {
  const onDefect = (error: unknown): void => {
    log.error("internal error", { code: EVENT.general, ...describeError(error) });
  };
  process.on("uncaughtException", onDefect);
  process.on("unhandledRejection", onDefect);
  return () => {
    process.off("uncaughtException", onDefect);
    process.off("unhandledRejection", onDefect);
  };
}

/** The words for an address that cannot be listened on. */
export function listenFailure(error: unknown): ConfigError {
  return new ConfigError(
    error instanceof Error ? error.message : "Can't start listen connections",
    "choose another address with --incoming_connection_string or --incoming_connection_api_string, or stop what listens there",
    { code: EVENT.listenFailed, cause: error },
  );
}
