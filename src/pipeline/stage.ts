/**
 * The one interface of protections: decryptor and poison alarm now, others later. A stage sees
 * decoded cells and never a protocol, so a new one touches no adapter. Stages may remember things
 * from cell to cell; every session has its own.
 */

/**
 * What a stage makes of a candidate: it opened (`length` bytes give way to the plaintext), it must
 * raise the alarm and stays, or `null`: the next stage is asked.
 */
export type StageVerdict =
  | { readonly kind: "opened"; readonly plaintext: Uint8Array; readonly length: number }
  | { readonly kind: "alarm" }
  | null;

/** One protection. */
export interface Stage {
  /** A row begins in which something may be found; rows without any tag are not shown. */
  beginRow?(): void;
  /** Shows a cell of such a row, decoded, before its candidates are offered. */
  look?(cell: Uint8Array): void;
  /** Judges the AcraStruct that seems to stand at an offset: its header has the right form. */
  open(bytes: Uint8Array, offset: number): StageVerdict;
}

/**
 * What work on a row stops for: `work` after one costly step, so that others get their turn, and
 * `alarm` at a poison record, before anything of the row is sent.
 */
export type Step = "work" | "alarm";
