/** The flag `--connection_string` of the tools that log in to the database themselves. */

import { ConfigError } from "../config/mod.ts";
import { type ConnectionSettings, parseConnectionString } from "../db_client/mod.ts";
import type { CommandContext } from "./command.ts";

/** Reads it; `env` has what it leaves out. @throws ConfigError that tells how one looks */
export function readConnectionString(text: string, env: CommandContext["env"]): ConnectionSettings {
  try {
    return parseConnectionString(text, env);
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) {
      throw cause;
    }
    throw new ConfigError(
      `--connection_string cannot be used: ${cause.message}`,
      "it is postgres://USER@HOST:PORT/DATABASE?sslmode=… or host=… port=… user=… dbname=… sslmode=…, with the password in PGPASSWORD",
      { cause },
    );
  }
}
