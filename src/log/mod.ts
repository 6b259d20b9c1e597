/**
 * The log: levels, the three forms of the original, event codes (acra-cli.md §6).
 *
 * @module
 */

export { describeError } from "./describe_error.ts";
export { EVENT } from "./event.ts";
export type { LogLevel } from "./format.ts";
export { createLog, type LevelledLogger, type LogOptions } from "./levelled_logger.ts";
export type { LogFields, Logger } from "./logger.ts";
export { quoteText } from "./quote.ts";
export type { LogStream } from "./stream_writer.ts";
export { createSummingLog, type SummingLogger } from "./summing_log.ts";
