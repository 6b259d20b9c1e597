/**
 * Byte arrays: bounded reading, writing with counted lengths, queues of chunks, hexadecimal text.
 * Everything that keeps an offset into received data lives here. Imports nothing.
 *
 * @module
 */

export { ByteQueue } from "./byte_queue.ts";
export { ByteReader } from "./byte_reader.ts";
export { ByteWriter } from "./byte_writer.ts";
export { concatBytes } from "./concat.ts";
export { FormatError } from "./format_error.ts";
export { decodeHex, encodeHex } from "./hex.ts";
