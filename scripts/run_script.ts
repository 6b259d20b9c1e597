/** How scripts are called and how they end: help, one line of error, a status that tells whose mistake it was. */

import { parseArgs } from "node:util";

/** A command line that cannot be followed. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/**
 * Runs a script. `--help` shows its usage in place of that; an error is told in a line, and the status is 2
 * when the command line was wrong, 1 otherwise.
 */
export async function runScript(usage: string, main: () => Promise<void> | void): Promise<void> {
  if (process.argv.some((word) => word === "--help" || word === "-h")) {
    console.log(usage);
    return;
  }
  try {
    await main();
  } catch (error) {
    for (const cause of error instanceof AggregateError ? error.errors : [error]) {
      console.error(`error: ${cause instanceof Error ? cause.message : String(cause)}`);
    }
    const isUsage = isUsageError(error);
    if (isUsage) {
      console.error("hint: --help lists the options");
    }
    process.exitCode = isUsage ? 2 : 1;
  }
}

/** The one folder that a script may be given, or `usual`. @throws UsageError's kin for anything else */
export function readFolder(usual: string): string {
  const { positionals } = parseArgs({ allowPositionals: true, options: {} });
  const [folder = usual, ...more] = positionals;
  if (more.length > 0) {
    throw new UsageError(`Unexpected argument '${more[0]}': one folder is possible`);
  }
  return folder;
}

function isUsageError(error: unknown): boolean {
  return (
    error instanceof UsageError ||
    (error instanceof TypeError &&
      "code" in error &&
      String(error.code).startsWith("ERR_PARSE_ARGS_"))
  );
}
