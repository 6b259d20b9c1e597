/** What the program does when a poison record was read: script, then stop (acra-cli.md §7.5). */

import { describeError, EVENT, type LogFields, type Logger } from "../log/mod.ts";
import type { PoisonOptions } from "./options.ts";

/** Kept from the script: it needs no key to raise an alarm, and does not speak to systemd for us. */
const OWN_VARIABLES: ReadonlySet<string> = new Set([
  "ACRA_MASTER_KEY",
  "NOTIFY_SOCKET",
  "WATCHDOG_PID",
  "WATCHDOG_USEC",
]);

/**
 * Makes the reaction to one record; its argument tells whose session read it. The script is started without arguments and is not waited for;
 * whether or not it could be started, `stop` is called when the settings ask for it.
 */
export function createPoisonReaction(
  options: PoisonOptions,
  log: Logger,
  stop: () => void,
): (about: LogFields) => void {
  return (about) => {
    log.warning("Recognized poison record", about);
    if (options.scriptFile !== "") {
      log.warning(`detected poison record, run script - ${options.scriptFile}`);
      runScript(options.scriptFile, log);
    }
    if (options.shutdown) {
      log.warning("detected poison record, exit");
      stop();
    }
  };
}

function runScript(path: string, log: Logger): void {
  const env = Object.entries(process.env).filter(([name]) => !OWN_VARIABLES.has(name));
  try {
    const script = Bun.spawn([path], {
      env: Object.fromEntries(env),
      stdio: ["ignore", "inherit", "inherit"],
      detached: true,
      onExit: (_script, code) => log.debug("poison record script ended", { code: code ?? -1 }),
    });
    script.unref();
  } catch (error) {
    log.error("Can't run the script of poison records", {
      code: EVENT.poisonRecordUnhandled,
      ...describeError(error),
    });
  }
}
