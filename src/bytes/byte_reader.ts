/** A bounded cursor over bytes: the only place where offsets into received data are kept. */

import { FormatError } from "./format_error.ts";

/**
 * Reads one structure from front to back, byte by byte: a `DataView` would cost more than all the reads
 * of a short structure, for making one gives the bytes a buffer object of their own. Every read is checked against the end; what is
 * too short, or a length that lies, is a {@link FormatError} that names the structure.
 */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #what: string;
  #offset = 0;

  constructor(bytes: Uint8Array, what: string) {
    this.#bytes = bytes;
    this.#what = what;
  }

  /** Bytes not read yet. */
  get remaining(): number {
    return this.#bytes.length - this.#offset;
  }

  /** Bytes read so far. */
  get offset(): number {
    return this.#offset;
  }

  u8(): number {
    return this.#bytes[this.#take(1)] ?? 0;
  }

  u16be(): number {
    const at = this.#take(2);
    return ((this.#bytes[at] ?? 0) << 8) | (this.#bytes[at + 1] ?? 0);
  }

  i16be(): number {
    return (this.u16be() << 16) >> 16;
  }

  u32be(): number {
    return this.i32be() >>> 0;
  }

  u32le(): number {
    const at = this.#take(4);
    const bytes = this.#bytes;
    const high = ((bytes[at + 3] ?? 0) << 8) | (bytes[at + 2] ?? 0);
    return ((high << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at] ?? 0)) >>> 0;
  }

  i32be(): number {
    const at = this.#take(4);
    const bytes = this.#bytes;
    const high = ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
    return (high << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0);
  }

  u64be(): bigint {
    const high = this.u32be();
    return (BigInt(high) << 32n) | BigInt(this.u32be());
  }

  u64le(): bigint {
    const low = this.u32le();
    return (BigInt(this.u32le()) << 32n) | BigInt(low);
  }

  /** A view of the next `length` bytes; copy what must outlive the message. */
  bytes(length: number): Uint8Array {
    const start = this.#take(length);
    return this.#bytes.subarray(start, start + length);
  }

  /** A view of everything that is left. */
  rest(): Uint8Array {
    return this.bytes(this.remaining);
  }

  /** A view of the bytes up to the next zero byte, which is consumed too. */
  cstring(): Uint8Array {
    const end = this.#bytes.indexOf(0, this.#offset);
    if (end < 0) {
      this.fail("text without terminator");
    }
    const text = this.#bytes.subarray(this.#offset, end);
    this.#offset = end + 1;
    return text;
  }

  /** A reader bounded to the next `length` bytes. */
  sub(length: number, what: string): ByteReader {
    return new ByteReader(this.bytes(length), what);
  }

  /** Demands that these bytes come next. */
  expect(magic: Uint8Array): void {
    const start = this.#take(magic.length);
    for (let index = 0; index < magic.length; index++) {
      if (this.#bytes[start + index] !== magic[index]) {
        this.#offset = start;
        this.fail("unexpected bytes");
      }
    }
  }

  /** Demands that everything was read. */
  end(): void {
    if (this.remaining !== 0) {
      this.fail(`${this.remaining} surplus bytes`);
    }
  }

  /** @throws FormatError always, at the current offset. */
  fail(reason: string): never {
    throw new FormatError(this.#what, reason, this.#offset);
  }

  #take(length: number): number {
    if (!Number.isInteger(length) || length < 0 || length > this.remaining) {
      this.fail(`${length} bytes wanted, ${this.remaining} left`);
    }
    const start = this.#offset;
    this.#offset += length;
    return start;
  }
}
