/**
 * Searches chunks for places where an AcraStruct may begin, in binary (eight quotes, which is its
 * escape form too) or in hexadecimal (sixteen digits 2): one native search for each in a whole chunk.
 */

const BINARY_TAG = Buffer.alloc(8, 0x22);
const HEX_TAG = Buffer.alloc(16, 0x32);

/** Bytes by which a tag may reach over the border of two chunks. */
export const TAG_OVERLAP = HEX_TAG.length - 1;

/** Remembers what was found, so that every byte of a chunk is searched once for each tag. */
export class TagSearch {
  #bytes: Uint8Array = BINARY_TAG;
  #binary = 0;
  #hex = 0;

  /** Takes another chunk; nothing is searched before somebody asks. */
  load(bytes: Uint8Array): void {
    this.#bytes = bytes;
    this.#binary = -1;
    this.#hex = -1;
  }

  /** The first offset at or behind `from` where a tag stands, or the chunk's length. */
  next(from: number): number {
    if (this.#binary < from) {
      this.#binary = find(this.#bytes, BINARY_TAG, from);
    }
    if (this.#hex < from) {
      this.#hex = find(this.#bytes, HEX_TAG, from);
    }
    return Math.min(this.#binary, this.#hex);
  }
}

/** Whether a tag stands anywhere at or behind `from`. */
export function hasTagFrom(bytes: Uint8Array, from: number): boolean {
  const buffer = asBuffer(bytes);
  return buffer.indexOf(BINARY_TAG, from) >= 0 || buffer.indexOf(HEX_TAG, from) >= 0;
}

function find(bytes: Uint8Array, tag: Buffer, from: number): number {
  const at = asBuffer(bytes).indexOf(tag, from);
  return at < 0 ? bytes.length : at;
}

/** What a socket delivers is a `Buffer` already. */
function asBuffer(bytes: Uint8Array): Buffer {
  if (bytes instanceof Buffer) {
    return bytes;
  }
  return Buffer.from(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.byteLength);
}
