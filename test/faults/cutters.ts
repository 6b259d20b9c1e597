/**
 * Finds a place in a stream: inside the message of a type, at its border, in a frame of a Secure
 * Session. Independent of the code under test on purpose.
 */

/** A place inside a message: so many bytes from its start, or by name. */
export type Where = number | "before" | "middle" | "last" | "after";

/** How a stream is made of messages. `number` counts them from 0. */
export interface StreamFormat {
  headerLength(number: number): number;
  /** Length of the whole message. */
  totalLength(header: Buffer, number: number): number;
  /** Name of the message, told by its first byte. */
  nameOf(first: number, number: number): string;
}

/** PostgreSQL's protocol; `untyped` names the messages at the beginning that have no type byte. */
export function postgresFormat(untyped: readonly string[]): StreamFormat {
  return {
    headerLength: (number) => (number < untyped.length ? 4 : 5),
    totalLength: (header, number) =>
      number < untyped.length ? header.readUInt32BE(0) : 1 + header.readUInt32BE(1),
    nameOf: (first, number) => untyped[number] ?? String.fromCharCode(first),
  };
}

/** Frames of a Secure Session, named by their numbers (acra-formats.md §5.3). */
export const FRAMES: StreamFormat = {
  headerLength: () => 4,
  totalLength: (header) => 4 + header.readUInt32LE(0),
  nameOf: (_first, number) => String(number),
};

/**
 * TLS records, numbered; in front of them so many bytes of PostgreSQL's request for TLS or of the
 * answer to it, if any, which are `request`.
 */
export function tlsFormat(requestBytes: number): StreamFormat {
  const first = requestBytes === 0 ? 0 : 1;
  return {
    headerLength: (number) => (number < first ? requestBytes : 5),
    totalLength: (header, number) => (number < first ? requestBytes : 5 + header.readUInt16BE(3)),
    nameOf: (_first, number) => (number < first ? "request" : String(number - first)),
  };
}

/** What a cutter looks for. */
export interface Place {
  readonly format: StreamFormat;
  /** Asked at the start of each message; the first one that is answered with yes is it. */
  readonly wanted: (name: string) => boolean;
  readonly where: Where;
}

/** The messages of one name, from the `occurrence`-th on. */
export function named(name: string, occurrence = 1): (candidate: string) => boolean {
  let seen = 0;
  return (candidate) => candidate === name && ++seen >= occurrence;
}

/** Walks one direction of one connection. */
export class Cutter {
  readonly #place: Place;
  readonly #header = Buffer.alloc(8);
  #number = 0;
  #offset = 0;
  #total = 0;
  #found = false;
  /** Distance from the start of the message to the place, once both are known. */
  #target = -1;

  constructor(place: Place) {
    this.#place = place;
  }

  /** Answers where in the chunk the place lies, -1 when it is further on. Not to be called after it was found. */
  find(chunk: Buffer): number {
    let at = 0;
    while (at < chunk.length) {
      if (this.#offset === 0) {
        this.#begin(chunk[at] ?? 0);
        if (this.#target === 0) {
          return at;
        }
      }
      at += this.#step(chunk, at);
      if (this.#target >= 0 && this.#offset >= this.#target) {
        return at - (this.#offset - this.#target);
      }
      if (this.#offset === this.#total) {
        this.#offset = 0;
        this.#number++;
      }
    }
    return -1;
  }

  #begin(first: number): void {
    const { format, wanted, where } = this.#place;
    this.#total = Number.POSITIVE_INFINITY;
    this.#found = wanted(format.nameOf(first, this.#number));
    if (this.#found && (where === "before" || typeof where === "number")) {
      this.#target = where === "before" ? 0 : where;
    }
  }

  /** Takes a byte of the header, or what the chunk has of the body. */
  #step(chunk: Buffer, at: number): number {
    const { format } = this.#place;
    const headerLength = format.headerLength(this.#number);
    if (this.#offset >= headerLength) {
      const taken = Math.min(this.#total - this.#offset, chunk.length - at);
      this.#offset += taken;
      return taken;
    }
    this.#header[this.#offset++] = chunk[at] ?? 0;
    if (this.#offset === headerLength) {
      this.#total = format.totalLength(this.#header, this.#number);
      if (this.#found && this.#target < 0) {
        this.#target = this.#resolve(headerLength);
      }
    }
    return 1;
  }

  #resolve(headerLength: number): number {
    switch (this.#place.where) {
      case "middle":
        return Math.max(headerLength, (headerLength + this.#total) >> 1);
      case "last":
        return Math.max(headerLength, this.#total - 1);
      default:
        return this.#total;
    }
  }
}
