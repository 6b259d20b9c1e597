/** Answers of `node:crypto` as plain byte arrays. */

/** Up to here a copy costs less than a view, which makes the runtime move the bytes and count a buffer object. */
const COPY_LIMIT_BYTES = 512;

/**
 * The answer without the methods of `Buffer`, whose `slice` does not copy: in memory of its own when
 * it is short, and then the original is wiped; else a view. The caller must not use `buffer` any more.
 */
export function toBytes(buffer: Uint8Array): Uint8Array {
  if (buffer.length > COPY_LIMIT_BYTES) {
    return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
  }
  const bytes = new Uint8Array(buffer.length);
  bytes.set(buffer);
  buffer.fill(0);
  return bytes;
}
