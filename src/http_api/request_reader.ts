/**
 * Reads one HTTP/1.x request, however it is cut: bytes in, at most one request out. Of a request
 * only its path and its body matter (acra-formats.md §5.6); both have a limit.
 */

import { ChunkedBody } from "./chunked_body.ts";
import { GrowingBuffer } from "./growing_buffer.ts";

// Specification (§5.6, "Better").
const HEAD_LIMIT_BYTES = 64 * 1024;
const BODY_LIMIT_BYTES = 1024 * 1024;

/** A request, as far as it matters. */
export interface ApiRequest {
  /** Percent escapes are resolved, the query is cut off. */
  readonly path: string;
  /** Empty for paths whose body nobody reads; `null` when it is larger than 1 MiB. */
  readonly body: Uint8Array | null;
}

/** What is known of a request after some bytes. */
export type RequestState =
  | { readonly kind: "incomplete" }
  | { readonly kind: "request"; readonly request: ApiRequest }
  /** No HTTP request: to be closed without an answer. */
  | { readonly kind: "malformed" };

const INCOMPLETE: RequestState = { kind: "incomplete" };
const MALFORMED: RequestState = { kind: "malformed" };

/** How the end of a body is told. */
type Framing =
  | { readonly kind: "length"; readonly length: number }
  | { readonly kind: "chunked" }
  | { readonly kind: "malformed" };

interface Head {
  readonly path: string;
  readonly framing: Framing;
}

/** Collects a request; give it no more bytes once it has answered anything but "incomplete". */
export class RequestReader {
  readonly #needsBody: (path: string) => boolean;
  readonly #buffer = new GrowingBuffer();
  #searched = 0;
  #head: Head | null = null;
  #chunks: ChunkedBody | null = null;

  /** Bodies are waited for only where `needsBody` says so. */
  constructor(needsBody: (path: string) => boolean) {
    this.#needsBody = needsBody;
  }

  /** Takes the next bytes. */
  push(bytes: Uint8Array): RequestState {
    this.#buffer.push(bytes);
    if (this.#head === null) {
      const end = this.#findHeadEnd();
      if (end === null) {
        return this.#buffer.length > HEAD_LIMIT_BYTES ? MALFORMED : INCOMPLETE;
      }
      this.#head = end > HEAD_LIMIT_BYTES ? null : parseHead(this.#buffer.bytes.subarray(0, end));
      if (this.#head === null || this.#head.framing.kind === "malformed") {
        return MALFORMED;
      }
      this.#buffer.drop(end);
    }
    return this.#needsBody(this.#head.path)
      ? this.#readBody(this.#head)
      : { kind: "request", request: { path: this.#head.path, body: new Uint8Array(0) } };
  }

  /** The place behind the empty line that ends the head; lines may end without a carriage return. */
  #findHeadEnd(): number | null {
    const { bytes } = this.#buffer;
    for (let at = this.#searched; at < bytes.length; at++) {
      if (bytes[at] === LF && (bytes[at - 1] === LF || isEmptyLine(bytes, at))) {
        return at + 1;
      }
    }
    this.#searched = bytes.length;
    return null;
  }

  #readBody({ path, framing }: Head): RequestState {
    switch (framing.kind) {
      case "malformed":
        return MALFORMED;
      case "length": {
        const { length } = framing;
        if (length > BODY_LIMIT_BYTES) {
          return { kind: "request", request: { path, body: null } };
        }
        const body = this.#buffer.bytes;
        return body.length < length
          ? INCOMPLETE
          : { kind: "request", request: { path, body: body.slice(0, length) } };
      }
      case "chunked":
        return this.#readChunks(path);
    }
  }

  #readChunks(path: string): RequestState {
    this.#chunks ??= new ChunkedBody(BODY_LIMIT_BYTES);
    const state = this.#chunks.advance(this.#buffer.bytes);
    switch (state.kind) {
      case "incomplete":
        return INCOMPLETE;
      case "malformed":
        return MALFORMED;
      case "complete":
        return { kind: "request", request: { path, body: state.body } };
    }
  }
}

const LF = 0x0a;
const CR = 0x0d;

function isEmptyLine(bytes: Uint8Array, lineFeed: number): boolean {
  return bytes[lineFeed - 1] === CR && bytes[lineFeed - 2] === LF;
}

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const REQUEST_LINE = /^([^ ]+) ([\x21-\x7e\x80-\xff]+) HTTP\/[0-9]\.[0-9]$/;

function parseHead(bytes: Uint8Array): Head | null {
  const lines = new TextDecoder("latin1").decode(bytes).split(/\r?\n/);
  const match = REQUEST_LINE.exec(lines[0] ?? "");
  const path = match === null || !TOKEN.test(match[1] ?? "") ? null : parsePath(match[2] ?? "");
  if (path === null) {
    return null;
  }
  return { path, framing: parseFraming(lines.slice(1, -2)) };
}

/** The path of `/path?query` or `http://host/path?query`; `null` when it is neither. */
function parsePath(target: string): string | null {
  const own = target.replace(/^[a-zA-Z][a-zA-Z0-9+.-]*:\/\/[^/?]*/, "");
  if (own === target && !target.startsWith("/")) {
    return null;
  }
  try {
    return decodeURIComponent(own.replace(/\?.*$/s, ""));
  } catch {
    return null;
  }
}

/** Two lengths that differ, or a length beside chunks, would be read differently by others. */
function parseFraming(lines: readonly string[]): Framing {
  const malformed: Framing = { kind: "malformed" };
  const found = new Set<string>();
  for (const line of lines) {
    const colon = line.indexOf(":");
    const name = line.slice(0, Math.max(colon, 0)).toLowerCase();
    const value = line.slice(colon + 1).trim();
    if (!TOKEN.test(name) || hasControlCharacter(value)) {
      return malformed;
    }
    if (name === "content-length") {
      found.add(value);
    } else if (name === "transfer-encoding") {
      found.add(value.toLowerCase());
    }
  }
  const [framing = "0", ...others] = found;
  if (others.length > 0) {
    return malformed;
  }
  if (framing === "chunked") {
    return { kind: "chunked" };
  }
  return /^[0-9]{1,15}$/.test(framing) ? { kind: "length", length: Number(framing) } : malformed;
}

function hasControlCharacter(value: string): boolean {
  return /[\p{Cc}]/u.test(value.replaceAll("\t", ""));
}
