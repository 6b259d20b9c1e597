/**
 * The log: levels, the three forms of the original, event codes (acra-cli.md §6).
 *
 * @module
 */

export { EVENT } from "./event.ts";
export type { LogLevel } from "./format.ts";
export { createLog, type LevelledLogger, type LogOptions } from "./levelled_logger.ts";
export type { LogFields, Logger } from "./logger.ts";
export { quoteText } from "./quote.ts";
export type { LogStream } from "./stream_writer.ts";
export { createThrottledLog } from "./throttled_log.ts";
