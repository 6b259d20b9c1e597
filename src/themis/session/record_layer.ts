/** The data phase of a Secure Session: sealed, numbered and dated records, themis.md §6.5. */

import { ByteReader, ByteWriter } from "../../bytes/mod.ts";
import { DecryptError, gcmOpen, gcmSeal, wipe } from "../../crypto/mod.ts";
import type { RandomSource } from "../random.ts";
import type { Direction } from "./derivation.ts";
import { SecureSessionError } from "./session_error.ts";

// Specification.
const SESSION_ID_LENGTH = 4;
const IV_LENGTH = 16;
/** The rest of the iv field is neither used nor authenticated. */
const NONCE_LENGTH = 12;
const TAG_LENGTH = 16;
const INNER_HEADER_LENGTH = 16;
/** Sequence and time: what the length field counts besides the payload. */
const COUNTED_HEADER_LENGTH = 12;
const CLOCK_TOLERANCE_SECONDS = 86_400;
const SEQUENCE_WINDOW = 8;
const TWO_TO_32 = 0x1_0000_0000;
/** What a record adds to its payload, in bytes. */
export const RECORD_OVERHEAD = SESSION_ID_LENGTH + IV_LENGTH + INNER_HEADER_LENGTH + TAG_LENGTH;

/** Up to here a copy costs less than the first view of an array. */
const COPY_LIMIT = 512;
const NO_DATA = new Uint8Array(0);

export interface RecordLayerOptions {
  /** In the order of the derivation. */
  readonly sessionId: Uint8Array;
  readonly outgoing: Direction;
  readonly incoming: Direction;
  readonly random: RandomSource;
  /** Refuses a record before which another one is missing. */
  readonly ordered?: boolean;
}

/** Both directions of one session, seen from one side. */
export class RecordLayer {
  readonly #wireSessionId: Uint8Array;
  readonly #outgoingKey: Uint8Array;
  readonly #incomingKey: Uint8Array;
  readonly #random: RandomSource;
  readonly #window: number;
  #nextSequence: number;
  #lastAccepted: number;

  constructor(options: RecordLayerOptions) {
    this.#wireSessionId = options.sessionId.toReversed();
    this.#outgoingKey = options.outgoing.key;
    this.#incomingKey = options.incoming.key;
    this.#random = options.random;
    this.#window = options.ordered === true ? 1 : SEQUENCE_WINDOW;
    this.#nextSequence = options.outgoing.firstSequence;
    this.#lastAccepted = (options.incoming.firstSequence - 1) >>> 0;
  }

  /**
   * Seals a payload of at least one byte. `headroom` bytes stay free before the record, for whoever
   * has to put something there and would have to copy it all else.
   */
  seal(payload: Uint8Array, nowSeconds: number, headroom = 0): Uint8Array {
    if (payload.length === 0) {
      throw new RangeError("A Secure Session carries no empty messages");
    }
    const inner = new ByteWriter(INNER_HEADER_LENGTH + payload.length)
      .u32be(COUNTED_HEADER_LENGTH + payload.length)
      .u32be(this.#nextSequence)
      .u32be(Math.floor(nowSeconds / TWO_TO_32))
      .u32be(nowSeconds)
      .bytes(payload)
      .finish();
    const iv = this.#random(IV_LENGTH);
    // A slice: the first view of a short array costs more than a copy of it.
    const nonce = iv.slice(0, NONCE_LENGTH);
    const { ciphertext, tag } = gcmSeal(this.#outgoingKey, nonce, inner, NO_DATA);
    const record = new Uint8Array(headroom + RECORD_OVERHEAD + payload.length);
    record.set(this.#wireSessionId, headroom);
    record.set(iv, headroom + SESSION_ID_LENGTH);
    record.set(ciphertext, headroom + SESSION_ID_LENGTH + IV_LENGTH);
    record.set(tag, record.length - TAG_LENGTH);
    this.#nextSequence = (this.#nextSequence + 1) >>> 0;
    return record;
  }

  /**
   * Opens a record; one that is refused changes nothing.
   * @throws FormatError, DecryptError, SecureSessionError (`clock`, `replay`)
   */
  open(record: Uint8Array, nowSeconds: number): Uint8Array {
    const plain = this.#decrypt(record);
    const inner = new ByteReader(plain, "session record");
    const length = inner.u32be();
    if (length !== inner.remaining) {
      inner.fail(`length ${length} for ${inner.remaining} bytes`);
    }
    const sequence = inner.u32be();
    // Beyond 53 bits the sum is not exact, and far from any clock.
    const time = inner.u32be() * TWO_TO_32 + inner.u32be();
    if (Math.abs(time - nowSeconds) > CLOCK_TOLERANCE_SECONDS) {
      throw new SecureSessionError("clock");
    }
    const advance = (sequence - this.#lastAccepted) >>> 0;
    if (advance === 0 || advance > this.#window) {
      throw new SecureSessionError("replay");
    }
    this.#lastAccepted = sequence;
    return plain.length > COPY_LIMIT ? inner.rest() : plain.slice(INNER_HEADER_LENGTH);
  }

  /** Overwrites the keys. */
  wipe(): void {
    wipe(this.#outgoingKey, this.#incomingKey);
  }

  #decrypt(record: Uint8Array): Uint8Array {
    const reader = new ByteReader(record, "session record");
    if (reader.remaining < RECORD_OVERHEAD) {
      reader.fail(`${reader.remaining} bytes are too few`);
    }
    for (const byte of this.#wireSessionId) {
      if (reader.u8() !== byte) {
        reader.fail("another session's id");
      }
    }
    const nonce = reader.bytes(NONCE_LENGTH);
    reader.bytes(IV_LENGTH - NONCE_LENGTH);
    const ciphertext = reader.bytes(reader.remaining - TAG_LENGTH);
    const plain = gcmOpen(this.#incomingKey, nonce, ciphertext, reader.rest(), NO_DATA);
    if (plain === null) {
      throw new DecryptError();
    }
    return plain;
  }
}
