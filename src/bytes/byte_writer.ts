/** A growing buffer that counts its own lengths: the twin of the reader. */

const INITIAL_CAPACITY = 256;

/** Writes one structure from front to back; length fields are patched by the writer itself. */
export class ByteWriter {
  #bytes: Uint8Array;
  #view: DataView;
  #length = 0;

  constructor(capacity: number = INITIAL_CAPACITY) {
    this.#bytes = new Uint8Array(capacity);
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** Bytes written so far. */
  get length(): number {
    return this.#length;
  }

  u8(value: number): this {
    const at = this.#grow(1);
    this.#view.setUint8(at, value);
    return this;
  }

  u16be(value: number): this {
    const at = this.#grow(2);
    this.#view.setUint16(at, value);
    return this;
  }

  u32be(value: number): this {
    const at = this.#grow(4);
    this.#view.setUint32(at, value);
    return this;
  }

  u32le(value: number): this {
    const at = this.#grow(4);
    this.#view.setUint32(at, value, true);
    return this;
  }

  i32be(value: number): this {
    const at = this.#grow(4);
    this.#view.setInt32(at, value);
    return this;
  }

  u64be(value: bigint): this {
    const at = this.#grow(8);
    this.#view.setBigUint64(at, value);
    return this;
  }

  u64le(value: bigint): this {
    const at = this.#grow(8);
    this.#view.setBigUint64(at, value, true);
    return this;
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
    this.#view.setUint32(at, this.#length - at - 4 + extra);
    return this;
  }

  /** What was written, without a copy; the writer must not be used afterwards. */
  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  #grow(extra: number): number {
    const at = this.#length;
    const wanted = at + extra;
    if (wanted > this.#bytes.length) {
      const bytes = new Uint8Array(Math.max(wanted, this.#bytes.length * 2));
      bytes.set(this.#bytes.subarray(0, at));
      this.#bytes = bytes;
      this.#view = new DataView(bytes.buffer);
    }
    this.#length = wanted;
    return at;
  }
}
