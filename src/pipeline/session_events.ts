/** What a session tells the program for counting and logging; never cell contents or keys. */

/** Which key was looked for. */
export type KeyKind = "storage" | "zone" | "poison";

/**
 * Called while a session works. Calls may come in great numbers: the callee throttles what it logs.
 * They must not throw.
 */
export interface SessionEvents {
  /** One AcraStruct was replaced by its plaintext. */
  decrypted(): void;
  /** Something with the whole header of an AcraStruct did not open and stays as it is. */
  decryptFailed(): void;
  /** Something that did not open is looked at with the poison key. */
  poisonChecked(): void;
  /** There is no such key: told once in a session; of zones it is not told. */
  keyMissing(kind: KeyKind): void;
  /** Such a key is there but cannot be read: told once in a session. */
  keyUnreadable(kind: KeyKind, error: unknown): void;
  /** Whole-cell mode dropped bytes behind an AcraStruct that are no padding. */
  droppedBytes(count: number): void;
  /** A row is larger than rows are collected; it passes undecrypted. */
  rowTooLarge(bytes: number): void;
  /** A row whose counts and lengths do not add up passes undecrypted. */
  rowMalformed(): void;
  /** Requests and answers can no longer be related: from now on formats are guessed by content. */
  trackingLost(): void;
  /** A client asked for TLS and there is no certificate to answer it with. */
  tlsUnavailable(): void;
  /**
   * The database offers channel binding, which fails because the client sees our certificate and not
   * the database's (acra-proxy.md §5.2). `refused`: the client chose it all the same and was told so.
   */
  channelBindingImpossible(refused: boolean): void;
}
