/** Answers of `node:crypto` as plain byte arrays. */

/** The same memory without the methods of `Buffer`, whose `slice` does not copy. */
export function toBytes(buffer: Uint8Array): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
}
