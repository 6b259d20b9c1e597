/** The frames that carry a Secure Session: four little-endian length bytes, then as many bytes (acra-formats.md §5.3). */

import { ByteReader, ByteWriter } from "../../bytes/mod.ts";

/** The length that stands before each frame. */
export const FRAME_HEADER_LENGTH = 4;
/** Room that a frame cut by the end of a chunk gets at first: a lying length allocates no more. */
const FIRST_CAPACITY = 128 * 1024;
const NO_BYTES = new Uint8Array(0);

export function encodeFrame(body: Uint8Array): Uint8Array {
  return new ByteWriter(FRAME_HEADER_LENGTH + body.length).u32le(body.length).bytes(body).finish();
}

/** Writes the length into the room that was left before a frame's body. */
export function putFrameLength(frame: Uint8Array): Uint8Array {
  const length = frame.length - FRAME_HEADER_LENGTH;
  frame[0] = length;
  frame[1] = length >> 8;
  frame[2] = length >> 16;
  frame[3] = length >> 24;
  return frame;
}

/**
 * Cuts a stream into frames, whatever its chunks. A frame that lies in one chunk is a view of it;
 * another one is put together in memory that grows with the bytes that arrive.
 */
export class FrameDecoder {
  #chunks: Uint8Array[] = [];
  #chunk = new ByteReader(NO_BYTES, "frame");
  readonly #header = new Uint8Array(FRAME_HEADER_LENGTH);
  #headerBytes = 0;
  #length: number | null = null;
  #body: ByteWriter | null = null;

  /** Whether the stream stands inside a frame, or before one that is there and not taken yet. */
  get pending(): boolean {
    return this.#length !== null || this.#headerBytes > 0 || this.#fill();
  }

  push(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
  }

  /**
   * The next whole frame, or `null` when more bytes are needed.
   * @throws FormatError when its length is above `limit`, as soon as the length is known
   */
  next(limit: number): Uint8Array | null {
    while (this.#length === null) {
      if (!this.#fill()) {
        return null;
      }
      this.#length = this.#readLength(limit);
    }
    const frame = this.#readBody(this.#length);
    if (frame !== null) {
      this.#length = null;
      this.#body = null;
    }
    return frame;
  }

  /** Moves on to a chunk with bytes in it; false when there is none. */
  #fill(): boolean {
    while (this.#chunk.remaining === 0) {
      const chunk = this.#chunks.shift();
      if (chunk === undefined) {
        return false;
      }
      this.#chunk = new ByteReader(chunk, "frame");
    }
    return true;
  }

  #readLength(limit: number): number | null {
    while (this.#headerBytes < FRAME_HEADER_LENGTH) {
      if (this.#chunk.remaining === 0) {
        return null;
      }
      this.#header[this.#headerBytes++] = this.#chunk.u8();
    }
    this.#headerBytes = 0;
    const header = new ByteReader(this.#header, "frame length");
    const length = header.u32le();
    if (length > limit) {
      header.fail(`${length} is above the limit of ${limit}`);
    }
    return length;
  }

  #readBody(length: number): Uint8Array | null {
    if (length === 0) {
      return NO_BYTES;
    }
    while (this.#fill()) {
      if (this.#body === null && this.#chunk.remaining >= length) {
        return this.#chunk.bytes(length);
      }
      this.#body ??= new ByteWriter(Math.min(length, FIRST_CAPACITY));
      const missing = length - this.#body.length;
      this.#body.bytes(this.#chunk.bytes(Math.min(missing, this.#chunk.remaining)));
      if (this.#body.length === length) {
        return this.#body.finish();
      }
    }
    return null;
  }
}
