/** A mistake that the operator can fix. */

import { EVENT } from "../log/mod.ts";

/** What else is known of a configuration error. */
export interface ConfigErrorOptions {
  /** Event code for the log of a daemon (acra-cli.md §6.6); 507 when absent. */
  readonly code?: number;
  readonly cause?: unknown;
}

/**
 * A start-up failure that the operator can fix. The command line prints it as one `error:` line and
 * one `hint:` line and exits with 1. Never holds a secret.
 */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  /** What to do about it, one sentence. */
  readonly hint: string;
  readonly code: number;

  constructor(message: string, hint: string, options: ConfigErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.hint = hint;
    this.code = options.code ?? EVENT.wrongConfiguration;
  }
}
