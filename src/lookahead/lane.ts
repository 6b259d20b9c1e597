/**
 * A ring of AcraStructs that one session will open soon, in memory that all threads see. Its owner
 * announces them at the tail and takes them in their order from the head; helpers claim from the tail,
 * so that both meet once, in the middle. Nobody ever waits: what is not ready the owner does itself.
 */

import { ACRASTRUCT_HEADER_LENGTH } from "../acrastruct/mod.ts";

const SLOTS = 256;
const MASK = SLOTS - 1;
const DATA_KEY_LENGTH = 32;
const SLOT_BYTES = ACRASTRUCT_HEADER_LENGTH + DATA_KEY_LENGTH;
/** Client ids are shorter (acra-formats.md §4.2). */
const ID_BYTES = 256;
/** From here on the headers of two AcraStructs differ: inside the throwaway public key. */
const FIRST_DIFFERENCE = 20;
/** The owner is about to open these itself. */
const LEFT_TO_OWNER = 2;

// Places in the numbers of a lane.
const HELD = 0;
const HEAD = 1;
const TAIL = 2;
const ID_LENGTH = 3;
const STATES = 4;
const NUMBERS = STATES + SLOTS;

/** States of a slot. A claim holds the number of the helper above the lowest byte. */
const EMPTY = 0;
const ANNOUNCED = 1;
const CLAIMED = 2;
const DONE = 3;
const FAILED = 4;
/** Claimed by a helper, and no longer wanted. */
const ABANDONED = 5;
const KIND_BITS = 8;
const KIND_MASK = 0xff;

/** Bytes of one lane: its numbers, the owner's client id, the slots. */
export const LANE_BYTES: number = NUMBERS * 4 + ID_BYTES + Math.ceil((SLOTS * SLOT_BYTES) / 4) * 4;

/** What a helper has taken on. */
export interface Claim {
  readonly index: number;
  readonly clientId: string;
  /** The header of the AcraStruct, in memory of the helper's own. */
  readonly header: Uint8Array;
}

/** One lane, as its owner and as helpers see it. */
export class Lane {
  readonly #numbers: Int32Array;
  readonly #id: Uint8Array;
  readonly #slots: Uint8Array;

  /** @param offset where the lane begins in the memory, a multiple of four */
  constructor(memory: SharedArrayBuffer, offset: number) {
    this.#numbers = new Int32Array(memory, offset, NUMBERS);
    this.#id = new Uint8Array(memory, offset + NUMBERS * 4, ID_BYTES);
    this.#slots = new Uint8Array(memory, offset + NUMBERS * 4 + ID_BYTES, SLOTS * SLOT_BYTES);
  }

  /** Takes the lane for a client's session; `false` while a helper is still busy with what was before. */
  open(clientId: Uint8Array): boolean {
    if (clientId.length > ID_BYTES) {
      return false;
    }
    for (let slot = 0; slot < SLOTS; slot++) {
      if (Atomics.load(this.#numbers, STATES + slot) !== EMPTY) {
        return false;
      }
    }
    this.#id.set(clientId);
    Atomics.store(this.#numbers, ID_LENGTH, clientId.length);
    Atomics.store(this.#numbers, HELD, 1);
    return true;
  }

  /** Gives the lane back; what was announced and not taken is forgotten. */
  close(): void {
    Atomics.store(this.#numbers, HELD, 0);
    this.#dropUpTo(Atomics.load(this.#numbers, TAIL));
  }

  /** AcraStructs that were announced and not taken. */
  get waiting(): number {
    return (Atomics.load(this.#numbers, TAIL) - Atomics.load(this.#numbers, HEAD)) | 0;
  }

  /** Announces the AcraStruct with this header; `false` when the next slot is not free. */
  announce(header: Uint8Array): boolean {
    const tail = Atomics.load(this.#numbers, TAIL);
    const state = STATES + (tail & MASK);
    if (this.waiting >= SLOTS || Atomics.load(this.#numbers, state) !== EMPTY) {
      return false;
    }
    this.#slots.set(header, (tail & MASK) * SLOT_BYTES);
    Atomics.store(this.#numbers, state, ANNOUNCED);
    Atomics.store(this.#numbers, TAIL, (tail + 1) | 0);
    return true;
  }

  /**
   * The data key of the AcraStruct at an offset, if a helper has it; the caller wipes it. What was announced
   * before this one is forgotten: it turned out to be none.
   */
  take(bytes: Uint8Array, offset: number): Uint8Array | null {
    const tail = Atomics.load(this.#numbers, TAIL);
    for (let index = Atomics.load(this.#numbers, HEAD); index !== tail; index = (index + 1) | 0) {
      if (this.#holds(index, bytes, offset)) {
        this.#dropUpTo(index);
        Atomics.store(this.#numbers, HEAD, (index + 1) | 0);
        return this.#empty(index);
      }
    }
    return null;
  }

  /** Takes on the newest AcraStruct that nobody has begun with. */
  claim(helper: number): Claim | null {
    const numbers = this.#numbers;
    if (Atomics.load(numbers, HELD) === 0) {
      return null;
    }
    const first = (Atomics.load(numbers, HEAD) + LEFT_TO_OWNER) | 0;
    const claimed = CLAIMED | (helper << KIND_BITS);
    let index = (Atomics.load(numbers, TAIL) - 1) | 0;
    for (; ((index - first) | 0) >= 0; index = (index - 1) | 0) {
      const state = STATES + (index & MASK);
      if (Atomics.compareExchange(numbers, state, ANNOUNCED, claimed) === ANNOUNCED) {
        // The lane is not opened for anybody else before this slot is empty, so the id is the right one.
        const id = this.#id.slice(0, Atomics.load(numbers, ID_LENGTH));
        const start = (index & MASK) * SLOT_BYTES;
        const header = this.#slots.slice(start, start + ACRASTRUCT_HEADER_LENGTH);
        return { index, clientId: Buffer.from(id).toString("utf8"), header };
      }
    }
    return null;
  }

  /** Ends a claim with the data key, or `null` when the header did not open; the caller wipes the key. */
  settle({ index }: Claim, helper: number, dataKey: Uint8Array | null): void {
    const key = this.#keyAt(index);
    if (dataKey !== null) {
      key.set(dataKey);
    }
    const state = STATES + (index & MASK);
    const outcome = dataKey === null ? FAILED : DONE;
    const claimed = CLAIMED | (helper << KIND_BITS);
    if (Atomics.compareExchange(this.#numbers, state, claimed, outcome) !== claimed) {
      key.fill(0);
      Atomics.store(this.#numbers, state, EMPTY);
    }
  }

  /** Ends the claims of a helper that is gone. */
  releaseClaims(helper: number): void {
    for (let slot = 0; slot < SLOTS; slot++) {
      const state = STATES + slot;
      const seen = Atomics.load(this.#numbers, state);
      const kind = seen & KIND_MASK;
      if (seen >> KIND_BITS === helper && (kind === CLAIMED || kind === ABANDONED)) {
        Atomics.compareExchange(this.#numbers, state, seen, kind === CLAIMED ? FAILED : EMPTY);
      }
    }
  }

  #holds(index: number, bytes: Uint8Array, offset: number): boolean {
    const start = (index & MASK) * SLOT_BYTES;
    for (let at = FIRST_DIFFERENCE; at < ACRASTRUCT_HEADER_LENGTH; at++) {
      if (this.#slots[start + at] !== bytes[offset + at]) {
        return false;
      }
    }
    return true;
  }

  #dropUpTo(end: number): void {
    let index = Atomics.load(this.#numbers, HEAD);
    for (; index !== end; index = (index + 1) | 0) {
      this.#empty(index)?.fill(0);
    }
    Atomics.store(this.#numbers, HEAD, end);
  }

  /** Frees a slot, or leaves that to the helper who has claimed it; the data key if there is one. */
  #empty(index: number): Uint8Array | null {
    const numbers = this.#numbers;
    const state = STATES + (index & MASK);
    for (;;) {
      const seen = Atomics.load(numbers, state);
      const kind = seen & KIND_MASK;
      if (kind === DONE) {
        const shared = this.#keyAt(index);
        const dataKey = shared.slice();
        shared.fill(0);
        Atomics.store(numbers, state, EMPTY);
        return dataKey;
      }
      const next = kind === CLAIMED ? ABANDONED | (seen & ~KIND_MASK) : EMPTY;
      if (Atomics.compareExchange(numbers, state, seen, next) === seen) {
        return null;
      }
    }
  }

  #keyAt(index: number): Uint8Array {
    const start = (index & MASK) * SLOT_BYTES + ACRASTRUCT_HEADER_LENGTH;
    return this.#slots.subarray(start, start + DATA_KEY_LENGTH);
  }
}
