/** What an operator sees when a command cannot do its work: one `error:` line and one `hint:` line. */

import { AccountsError } from "../accounts/mod.ts";
import { ConfigError } from "../config/mod.ts";
import { isKeystoreError } from "../keystore/mod.ts";
import { EVENT, type LevelledLogger } from "../log/mod.ts";
import type { Command, TextOutput } from "./command.ts";

/** A failure in the words of its two lines. */
export interface Failure {
  readonly message: string;
  readonly hint: string;
  /** Event code for the log of a daemon. */
  readonly code: number;
  readonly exitCode: 1 | 2;
}

/** Finds the words for an error; anything unforeseen is a mistake of ours, exit code 2. */
export function describeFailure(error: unknown): Failure {
  if (error instanceof ConfigError) {
    return { message: error.message, hint: error.hint, code: error.code, exitCode: 1 };
  }
  if (isKeystoreError(error)) {
    const { message, hint } = error;
    return { message, hint, code: EVENT.keystoreNotOpened, exitCode: 1 };
  }
  if (error instanceof AccountsError) {
    const { message, hint } = error;
    return { message, hint, code: EVENT.general, exitCode: 1 };
  }
  return {
    message: `internal error: ${error instanceof Error ? error.message : String(error)}`,
    hint: "this is a mistake in acra itself: please report it with this line",
    code: EVENT.general,
    exitCode: 2,
  };
}

/**
 * Reports a failure and gives the exit code. Daemons log it with its event code as well, and leave it
 * at that where a program reads their lines.
 */
export function reportFailure(
  error: unknown,
  kind: Command["kind"],
  stderr: TextOutput,
  log: LevelledLogger | null,
): number {
  const failure = describeFailure(error);
  if (kind === "daemon") {
    const hint = log?.structured === true ? { hint: failure.hint } : {};
    log?.error(failure.message, { code: failure.code, ...hint });
  }
  if (failure.exitCode === 2 && error instanceof Error) {
    log?.debug("internal error", { error: error.stack ?? "" });
  }
  if (log?.structured !== true) {
    stderr.write(`error: ${toLine(failure.message)}\nhint: ${toLine(failure.hint)}\n`);
  }
  return failure.exitCode;
}

/** Whatever a file name or a value holds, it stays on one line and moves no cursor. */
export function toLine(text: string): string {
  return text.replace(/\p{Cc}+/gu, " ");
}
