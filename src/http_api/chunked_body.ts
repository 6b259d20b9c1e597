/** A body that comes in chunks of its own (RFC 9112 §7.1); extensions and trailers are skipped. */

/** A size and its extension; nobody needs more. */
const LINE_LIMIT_BYTES = 4096;
const LF = 0x0a;
const CR = 0x0d;

/** What is known of the body. */
export type ChunkedState =
  | { readonly kind: "incomplete" }
  | { readonly kind: "malformed" }
  /** `null` when the body is larger than the limit. */
  | { readonly kind: "complete"; readonly body: Uint8Array | null };

const INCOMPLETE: ChunkedState = { kind: "incomplete" };
const MALFORMED: ChunkedState = { kind: "malformed" };

/** Decodes from the front of a buffer that only grows; each byte is looked at once. */
export class ChunkedBody {
  readonly #limit: number;
  readonly #parts: Uint8Array[] = [];
  #length = 0;
  #at = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Goes on with all bytes that the buffer holds by now. */
  advance(bytes: Uint8Array): ChunkedState {
    for (;;) {
      const state = this.#takeChunk(bytes);
      if (state !== null) {
        return state;
      }
    }
  }

  /** `null` when a chunk was taken and the next one may be there. */
  #takeChunk(bytes: Uint8Array): ChunkedState | null {
    const lineEnd = bytes.indexOf(LF, this.#at);
    const lineLength = (lineEnd < 0 ? bytes.length : lineEnd) - this.#at;
    if (lineEnd < 0 || lineLength > LINE_LIMIT_BYTES) {
      return lineLength > LINE_LIMIT_BYTES ? MALFORMED : INCOMPLETE;
    }
    const size = parseSize(bytes.subarray(this.#at, lineEnd));
    if (size === null) {
      return MALFORMED;
    }
    if (size === 0) {
      return { kind: "complete", body: this.#join() };
    }
    if (this.#length + size > this.#limit || this.#at > 2 * this.#limit) {
      return { kind: "complete", body: null };
    }
    const end = lineEnd + 1 + size;
    const next = findNextLine(bytes, end);
    if (next === null) {
      return bytes.length < end + 2 ? INCOMPLETE : MALFORMED;
    }
    this.#parts.push(bytes.slice(lineEnd + 1, end));
    this.#length += size;
    this.#at = next;
    return null;
  }

  #join(): Uint8Array {
    const body = new Uint8Array(this.#length);
    let at = 0;
    for (const part of this.#parts) {
      body.set(part, at);
      at += part.length;
    }
    return body;
  }
}

/** The place behind the line end that follows a chunk. */
function findNextLine(bytes: Uint8Array, end: number): number | null {
  if (bytes[end] === LF) {
    return end + 1;
  }
  return bytes[end] === CR && bytes[end + 1] === LF ? end + 2 : null;
}

function parseSize(line: Uint8Array): number | null {
  const match = /^([0-9a-fA-F]{1,8})[ \t]*(?:;.*)?\r?$/s.exec(
    new TextDecoder("latin1").decode(line),
  );
  return match?.[1] === undefined ? null : Number.parseInt(match[1], 16);
}
