/** A growing buffer that counts its own lengths: the twin of the reader. */

const INITIAL_CAPACITY = 256;
const LOW_32_BITS = 0xffff_ffffn;

/**
 * Writes one structure from front to back; length fields are patched by the writer itself. Give the
 * exact size where it is known: what was written then needs no view to be cut out of a longer array.
 */
export class ByteWriter {
  #bytes: Uint8Array;
  #length = 0;

  constructor(capacity: number = INITIAL_CAPACITY) {
    this.#bytes = new Uint8Array(capacity);
  }

  /** Bytes written so far. */
  get length(): number {
    return this.#length;
  }

  u8(value: number): this {
    this.#bytes[this.#grow(1)] = value;
    return this;
  }

  u16be(value: number): this {
    const at = this.#grow(2);
    this.#bytes[at] = value >> 8;
    this.#bytes[at + 1] = value;
    return this;
  }

  u32be(value: number): this {
    this.#put32be(this.#grow(4), value);
    return this;
  }

  u32le(value: number): this {
    const at = this.#grow(4);
    const bytes = this.#bytes;
    bytes[at] = value;
    bytes[at + 1] = value >> 8;
    bytes[at + 2] = value >> 16;
    bytes[at + 3] = value >> 24;
    return this;
  }

  i32be(value: number): this {
    return this.u32be(value);
  }

  u64be(value: bigint): this {
    return this.u32be(Number((value >> 32n) & LOW_32_BITS)).u32be(Number(value & LOW_32_BITS));
  }

  u64le(value: bigint): this {
    return this.u32le(Number(value & LOW_32_BITS)).u32le(Number((value >> 32n) & LOW_32_BITS));
  }

  bytes(value: Uint8Array): this {
    const at = this.#grow(value.length);
    this.#bytes.set(value, at);
    return this;
  }

  /** The bytes and a zero byte behind them. */
  cstring(value: Uint8Array): this {
    return this.bytes(value).u8(0);
  }

  /** What `body` writes, behind its length in four big-endian bytes; `extra` is added to the length. */
  lengthPrefixed32be(body: (writer: ByteWriter) => void, extra = 0): this {
    const at = this.#grow(4);
    body(this);
    this.#put32be(at, this.#length - at - 4 + extra);
    return this;
  }

  /** What was written, without a copy; the writer must not be used afterwards. */
  finish(): Uint8Array {
    const bytes = this.#bytes;
    return bytes.length === this.#length ? bytes : bytes.subarray(0, this.#length);
  }

  #put32be(at: number, value: number): void {
    const bytes = this.#bytes;
    bytes[at] = value >> 24;
    bytes[at + 1] = value >> 16;
    bytes[at + 2] = value >> 8;
    bytes[at + 3] = value;
  }

  #grow(extra: number): number {
    const at = this.#length;
    const wanted = at + extra;
    if (wanted > this.#bytes.length) {
      const bytes = new Uint8Array(Math.max(wanted, this.#bytes.length * 2));
      bytes.set(this.#bytes.subarray(0, at));
      this.#bytes = bytes;
    }
    this.#length = wanted;
    return at;
  }
}
