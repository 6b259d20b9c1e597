/**
 * Finds AcraStructs in cells and has the stages judge them: acra-formats.md §1.4 with the forms of
 * acra-proxy.md §5.2. Works in steps, so that a cell full of candidates holds nobody else up.
 */

import {
  ACRASTRUCT_HEADER_LENGTH,
  findAcraStructTag,
  looksLikeAcraStruct,
} from "../acrastruct/mod.ts";
import { ByteWriter } from "../bytes/mod.ts";
import type { CellForm, CellMode } from "./cell_form.ts";
import type { SessionEvents } from "./session_events.ts";
import type { Stage, StageVerdict, Steps } from "./stage.ts";

/** Tags without a header behind them that count as one costly step. */
const CHEAP_CANDIDATES_PER_STEP = 4096;
const PADDING = [0x00, 0x20];

/** How cells are looked at; the stages are asked in their order until one answers. */
export interface CellOptions {
  readonly mode: CellMode;
  readonly stages: readonly Stage[];
}

/** Looks at the cells of one session. */
export class CellScanner {
  readonly #mode: CellMode;
  readonly #stages: readonly Stage[];
  readonly #events: SessionEvents;
  readonly #looking: boolean;

  constructor(options: CellOptions, events: SessionEvents) {
    this.#mode = options.mode;
    this.#stages = options.stages;
    this.#events = events;
    this.#looking = options.stages.some(({ look }) => look !== undefined);
  }

  beginRow(): void {
    for (const stage of this.#stages) {
      stage.beginRow?.();
    }
  }

  /** Whether `scan` would do anything with a cell: asked first, since a call of it costs more. */
  mustSee(cell: Uint8Array): boolean {
    return this.#looking || cell.length >= ACRASTRUCT_HEADER_LENGTH;
  }

  /** The cell as it must be sent, or `null` when it stays as it is. `forms`: the likeliest first. */
  *scan(cell: Uint8Array, forms: readonly CellForm[]): Steps<Uint8Array | null> {
    for (const stage of this.#stages) {
      if (stage.look !== undefined) {
        yield* stage.look(cell, forms);
      }
    }
    if (cell.length < ACRASTRUCT_HEADER_LENGTH) {
      return null;
    }
    return this.#mode === "whole-cell"
      ? yield* this.#scanWhole(cell, forms)
      : yield* this.#scanInjected(cell, forms);
  }

  *#scanWhole(cell: Uint8Array, forms: readonly CellForm[]): Steps<Uint8Array | null> {
    for (const form of forms) {
      const bytes = form.startsWithTag(cell) ? form.decode(cell) : null;
      if (bytes !== null) {
        const verdict = looksLikeAcraStruct(bytes, 0) ? yield* this.#judge(bytes, 0) : null;
        if (verdict?.kind !== "opened") {
          return null;
        }
        this.#reportDropped(bytes.subarray(verdict.length));
        return form.encode(verdict.plaintext, this.#mode);
      }
    }
    return null;
  }

  *#scanInjected(cell: Uint8Array, forms: readonly CellForm[]): Steps<Uint8Array | null> {
    for (const form of forms) {
      const bytes = form.decode(cell);
      const first = bytes === null ? -1 : findAcraStructTag(bytes, 0);
      if (bytes !== null && first >= 0) {
        const replaced = yield* this.#replaceAll(bytes, first);
        return replaced === null ? null : form.encode(replaced, this.#mode);
      }
    }
    return null;
  }

  /** The bytes with everything replaced that opened, or `null` when nothing did. */
  *#replaceAll(bytes: Uint8Array, first: number): Steps<Uint8Array | null> {
    let result: ByteWriter | null = null;
    let kept = 0;
    let cheap = 0;
    let at = first;
    while (at >= 0) {
      // Asked here already: making a generator for each of many quotes would cost more than looking.
      const verdict = looksLikeAcraStruct(bytes, at) ? yield* this.#judge(bytes, at) : null;
      if (verdict?.kind === "opened") {
        result ??= new ByteWriter(bytes.length);
        result.bytes(bytes.subarray(kept, at)).bytes(verdict.plaintext);
        kept = at + verdict.length;
        at = findAcraStructTag(bytes, kept);
      } else {
        at = findAcraStructTag(bytes, at + 1);
      }
      if (++cheap % CHEAP_CANDIDATES_PER_STEP === 0) {
        yield "work";
      }
    }
    return result === null ? null : result.bytes(bytes.subarray(kept)).finish();
  }

  *#judge(bytes: Uint8Array, offset: number): Steps<StageVerdict> {
    for (const stage of this.#stages) {
      const verdict = stage.open(bytes, offset);
      if (verdict !== null) {
        yield verdict.kind === "alarm" ? "alarm" : "work";
        return verdict;
      }
    }
    yield "work";
    return null;
  }

  #reportDropped(bytes: Uint8Array): void {
    if (bytes.some((byte) => !PADDING.includes(byte))) {
      this.#events.droppedBytes(bytes.length);
    }
  }
}
