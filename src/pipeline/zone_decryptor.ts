/**
 * The stage of zone mode in place of the decryptor: finds zone ids in cells and opens the AcraStructs
 * of the cells behind them with the key of that zone (acra-formats.md §2.3). Storage keys have no
 * part in it.
 */

import { takeAcraStruct } from "../acrastruct/mod.ts";
import type { PrivateKey } from "../themis/mod.ts";
import { findZoneIds, ZONE_ID_LENGTH, ZONE_TAG } from "../zones/mod.ts";
import { type CellForm, type CellMode, startsWith } from "./cell_form.ts";
import type { SessionEvents } from "./session_events.ts";
import type { Stage, StageVerdict, Steps } from "./stage.ts";

/** The tag of zone ids in digits. */
const HEX_TAG = Buffer.from(Buffer.from(ZONE_TAG).toString("hex"));

/** What the stage needs to know. */
export interface ZoneDecryptorOptions {
  /** The key of a zone, `null` when there is no such zone. May throw when it is there but unreadable. */
  readonly findZoneKey: (zoneId: string) => PrivateKey | null;
  readonly mode: CellMode;
  readonly events: SessionEvents;
}

/** A zone whose id stood in a cell of the row. */
interface MatchedZone {
  readonly key: PrivateKey;
  /** What its AcraStructs are bound to: the id's bytes. */
  readonly context: Uint8Array;
}

/** Makes the stage for one session. */
export function createZoneDecryptor(options: ZoneDecryptorOptions): Stage {
  return new ZoneDecryptor(options);
}

class ZoneDecryptor implements Stage {
  readonly #options: ZoneDecryptorOptions;
  /** The zone that opens the cell at hand. */
  #zone: MatchedZone | null = null;
  /** The zone whose id stands in the cell at hand: it opens the next ones. */
  #found: MatchedZone | null = null;
  #openedInCell = false;
  #toldUnreadable = false;

  constructor(options: ZoneDecryptorOptions) {
    this.#options = options;
  }

  beginRow(): void {
    this.#zone = null;
    this.#found = null;
    this.#openedInCell = false;
  }

  *look(cell: Uint8Array, forms: readonly CellForm[]): Steps<void> {
    this.#leaveCell();
    if (this.#zone !== null) {
      return;
    }
    for (const form of forms) {
      const bytes = mayHoldZoneId(cell, form) ? form.decode(cell) : null;
      if (bytes !== null) {
        yield* this.#search(bytes, form);
        return;
      }
    }
  }

  open(bytes: Uint8Array, offset: number): StageVerdict {
    const { events } = this.#options;
    if (this.#zone === null) {
      return null;
    }
    const taken = takeAcraStruct(bytes, offset, this.#zone.key, this.#zone.context);
    if (taken === null) {
      events.decryptFailed();
      return null;
    }
    events.decrypted();
    this.#openedInCell = true;
    return { kind: "opened", plaintext: taken.plaintext, length: taken.length };
  }

  /** What the cell before this one means for this one. */
  #leaveCell(): void {
    if (this.#openedInCell && this.#options.mode === "injected-cell") {
      this.#zone = null;
    }
    this.#zone ??= this.#found;
    this.#found = null;
    this.#openedInCell = false;
  }

  /** Unknown ids cost a look at the keystore each: they are steps of work. */
  *#search(bytes: Uint8Array, form: CellForm): Steps<void> {
    for (const zoneId of findZoneIds(bytes, form.isHex ? "anywhere" : "start")) {
      const key = this.#findKey(zoneId);
      if (key !== null) {
        this.#found = { key, context: Buffer.from(zoneId, "latin1") };
        return;
      }
      yield "work";
    }
  }

  #findKey(zoneId: string): PrivateKey | null {
    try {
      return this.#options.findZoneKey(zoneId);
    } catch (error) {
      if (!this.#toldUnreadable) {
        this.#toldUnreadable = true;
        this.#options.events.keyUnreadable("zone", error);
      }
      return null;
    }
  }
}

/** Whether decoding is worth while. */
function mayHoldZoneId(cell: Uint8Array, form: CellForm): boolean {
  if (cell.length < ZONE_ID_LENGTH) {
    return false;
  }
  if (!form.isHex) {
    return startsWith(cell, ZONE_TAG);
  }
  return Buffer.from(cell.buffer as ArrayBuffer, cell.byteOffset, cell.length).includes(HEX_TAG);
}
