/**
 * The one interface of protections: decryptors and poison alarm now, others later. A stage sees
 * cells and never a protocol, so a new one touches no adapter. Stages may remember things from cell
 * to cell; every session has its own.
 */

import type { CellForm } from "./cell_form.ts";
import type { KeysAhead } from "./keys_ahead.ts";

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
  /**
   * Shows a cell of such a row, as it travels and with the forms that it may have, before its
   * candidates are offered. Every cell is shown but NULL, short ones too.
   */
  look?(cell: Uint8Array, forms: readonly CellForm[]): Steps<void>;
  /** Help with the AcraStructs that the stage will be asked about; `null` or absent: there is none. */
  readonly keysAhead?: KeysAhead | null;
  /** Judges the AcraStruct that seems to stand at an offset: its header has the right form. */
  open(bytes: Uint8Array, offset: number): StageVerdict;
}

/**
 * What work on a row stops for: `work` after one costly step, so that others get their turn, and
 * `alarm` at a poison record, before anything of the row is sent.
 */
export type Step = "work" | "alarm";

/** A piece of work that yields between its steps and ends with its result. */
export type Steps<Result> = Generator<Step, Result, void>;
