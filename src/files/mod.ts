/**
 * Writing that is over only when the disk has it: what everybody builds on who replaces a file as a
 * whole (acra-formats.md §4.7).
 *
 * @module
 */

export { syncFolder, writeBytes, writeNewFile } from "./durable_write.ts";
