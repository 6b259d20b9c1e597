/** What the rest of the program knows of logging. */

/** Values a log line may carry: never keys, plaintext, query text or cell contents. */
export type LogFields = Readonly<Record<string, string | number | boolean>>;

/**
 * Writes one line per call. The field `code` is the numeric event code of `acra-cli.md` §6.6 and
 * `error` the text of an error; other names are those of §6.5.
 */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warning(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}
