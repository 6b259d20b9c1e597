/** A mistake in how flags are written. */

/**
 * What the parser of flags refuses: printed with the usage text, exit code 2 (acra-cli.md §2.2).
 * A value of the wrong type in the configuration file is one too.
 */
export class FlagError extends Error {
  override readonly name = "FlagError";
}
