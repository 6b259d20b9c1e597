/** Chunks as they arrive, read back in the lengths that a protocol asks for. */

import { concatBytes } from "./concat.ts";

/** A first-in, first-out store of bytes that copies only what spans several chunks. */
export class ByteQueue {
  #chunks: Uint8Array[] = [];
  #head = 0;
  #length = 0;

  /** Bytes held. */
  get length(): number {
    return this.#length;
  }

  /** Appends a chunk; the queue keeps the view, so the caller must not reuse its memory. */
  push(chunk: Uint8Array): void {
    if (chunk.length > 0) {
      this.#chunks.push(chunk);
      this.#length += chunk.length;
    }
  }

  /**
   * The first `length` bytes, left in place, or `null` while there are fewer.
   */
  peek(length: number): Uint8Array | null {
    if (length > this.#length) {
      return null;
    }
    const first = this.#chunks[this.#head];
    if (first !== undefined && first.length >= length) {
      return first.subarray(0, length);
    }
    return this.#gather(length).subarray(0, length);
  }

  /** Removes and returns the first `length` bytes, or `null` while there are fewer. */
  take(length: number): Uint8Array | null {
    const bytes = this.peek(length);
    if (bytes !== null) {
      this.#drop(length);
    }
    return bytes;
  }

  /** Removes and returns everything that can be had without a copy: at most `limit` bytes. */
  takeChunk(limit: number): Uint8Array | null {
    const first = this.#chunks[this.#head];
    if (first === undefined) {
      return null;
    }
    return this.take(Math.min(first.length, limit));
  }

  /** Forgets everything. */
  clear(): void {
    this.#chunks = [];
    this.#head = 0;
    this.#length = 0;
  }

  #gather(length: number): Uint8Array {
    let count = 0;
    let end = this.#head;
    while (count < length) {
      count += this.#chunks[end]?.length ?? 0;
      end++;
    }
    const joined = concatBytes(...this.#chunks.slice(this.#head, end));
    this.#chunks.splice(0, end, joined);
    this.#head = 0;
    return joined;
  }

  #drop(length: number): void {
    this.#length -= length;
    let left = length;
    while (left > 0) {
      const first = this.#chunks[this.#head];
      if (first === undefined) {
        return;
      }
      if (first.length > left) {
        this.#chunks[this.#head] = first.subarray(left);
        return;
      }
      left -= first.length;
      this.#head++;
    }
    if (this.#head > 64 || this.#head === this.#chunks.length) {
      this.#chunks = this.#chunks.slice(this.#head);
      this.#head = 0;
    }
  }
}
