/**
 * Help from outside with what costs most, unwrapping data keys: a session tells which AcraStructs it
 * is about to open, and takes the keys that were made by then. It never waits for one, and what it
 * answers does not depend on them.
 */

/** The helper of one session. */
export interface KeysAhead {
  /** How many more AcraStructs may be announced now. */
  readonly room: number;
  /** Announces AcraStructs by their headers (145 bytes each), in the order in which they stand. */
  announce(headers: readonly Uint8Array[]): void;
  /** The data key of the AcraStruct at an offset, or `null`; the caller wipes it. */
  take(bytes: Uint8Array, offset: number): Uint8Array | null;
  /** Nothing is to be opened for now; may be called again and again. */
  rest(): void;
}
