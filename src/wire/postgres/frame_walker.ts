/**
 * Framing of a stream of typed messages: one type byte, then a length that counts itself, then the
 * body (acra-proxy.md §2.1). Headers are walked, bodies are not looked at and nothing is copied,
 * but for the few bytes of a header that the end of a chunk cut.
 */

import { concatBytes, FormatError } from "../../bytes/mod.ts";

// Specification.
/** Type byte and length. */
export const HEADER_LENGTH = 5;
const MINIMUM_LENGTH = 4;
/** PostgreSQL holds a message in one allocation of less than 1 GiB. */
const MAXIMUM_LENGTH = 0x4001_0000;

const NOTHING = new Uint8Array();

/** Bytes of the whole message that begins with this header; less than a header when it is damaged. */
export function readFrameLength(header: Uint8Array): number {
  return readLength(header, 1) + 1;
}

/**
 * Steps through chunks of a stream. A message that lies in one chunk is one step; a longer one is
 * several, of which the first holds the whole header. The fields describe the current step and are
 * read-only to everybody else; they are fields because this is the hottest loop of the proxy.
 */
export class FrameWalker {
  /** The chunk that is walked: as loaded, with the held bytes of a cut header before it. */
  chunk: Uint8Array = NOTHING;
  /** The current step is `chunk[start … end)`. */
  start = 0;
  end = 0;
  /** Type byte of the message. */
  type = 0;
  /** Bytes of the whole message, type byte included. */
  length = 0;
  /** Whether this step begins with the header. */
  first = false;
  /** Whether this step ends the message. */
  last = false;
  #bodyLeft = 0;
  #held: Uint8Array = NOTHING;

  /** Takes the next chunk. The one before must have been walked to its end. */
  load(chunk: Uint8Array): void {
    this.chunk = this.#held.length === 0 ? chunk : concatBytes(this.#held, chunk);
    this.#held = NOTHING;
    this.start = 0;
    this.end = 0;
  }

  /** Lets go of a chunk that was walked to its end. */
  unload(): void {
    this.chunk = NOTHING;
    this.start = 0;
    this.end = 0;
  }

  /**
   * Goes one step on; `false` at the end of the chunk, where `end` tells what belongs to the steps.
   * @throws FormatError for a length that no message has.
   */
  next(): boolean {
    const { chunk, end } = this;
    const available = chunk.length - end;
    if (this.#bodyLeft > 0) {
      return available > 0 && this.#step(end, available, this.#bodyLeft, false);
    }
    if (available < HEADER_LENGTH) {
      if (available > 0) {
        this.#held = chunk.slice(end);
      }
      return false;
    }
    const length = readLength(chunk, end + 1);
    if (length < MINIMUM_LENGTH || length > MAXIMUM_LENGTH) {
      throw new FormatError("message", `length ${length}`, end);
    }
    this.type = chunk[end] ?? 0;
    this.length = length + 1;
    return this.#step(end, available, length + 1, true);
  }

  /** Whether the stream stands at the end of a message with nothing of the next one seen. */
  get atBorder(): boolean {
    return this.#bodyLeft === 0 && this.#held.length === 0 && this.end === this.chunk.length;
  }

  /** Whether the step before ended its message; a header may have begun. */
  get betweenBodies(): boolean {
    return this.#bodyLeft === 0;
  }

  /** The bytes of a cut header, which the walker forgets. */
  takeHeld(): Uint8Array {
    const held = this.#held;
    this.#held = NOTHING;
    return held;
  }

  #step(start: number, available: number, wanted: number, first: boolean): boolean {
    const taken = Math.min(available, wanted);
    this.start = start;
    this.end = start + taken;
    this.#bodyLeft = wanted - taken;
    this.first = first;
    this.last = taken === wanted;
    return true;
  }
}

/** Four bytes, big-endian; without a reader object because this runs once for every message. */
function readLength(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] ?? 0) * 0x100_0000 +
    (((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0))
  );
}
