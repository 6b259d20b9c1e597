/** A bounded cursor over bytes: the only place where offsets into received data are kept. */

import { FormatError } from "./format_error.ts";

/**
 * Reads one structure from front to back. Every read is checked against the end; what is
 * too short, or a length that lies, is a {@link FormatError} that names the structure.
 */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #what: string;
  #offset = 0;

  constructor(bytes: Uint8Array, what: string) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
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
    return this.#view.getUint8(this.#take(1));
  }

  u16be(): number {
    return this.#view.getUint16(this.#take(2));
  }

  i16be(): number {
    return this.#view.getInt16(this.#take(2));
  }

  u32be(): number {
    return this.#view.getUint32(this.#take(4));
  }

  u32le(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  i32be(): number {
    return this.#view.getInt32(this.#take(4));
  }

  u64be(): bigint {
    return this.#view.getBigUint64(this.#take(8));
  }

  u64le(): bigint {
    return this.#view.getBigUint64(this.#take(8), true);
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
    for (const [index, byte] of magic.entries()) {
      if (this.#bytes[start + index] !== byte) {
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
