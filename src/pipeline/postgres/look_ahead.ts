/** Finds the AcraStructs that rows behind the one in work hold, to announce them. */

import { ACRASTRUCT_HEADER_LENGTH, looksLikeAcraStruct } from "../../acrastruct/mod.ts";
import { decodeHex } from "../../bytes/mod.ts";
import type { KeysAhead } from "../keys_ahead.ts";
import { TagSearch } from "../tag_search.ts";

/** With fewer bytes behind a row, help would come too late. */
const SHORTEST_STRETCH = 4 * 1024;
/** Tags without a header that are looked at in one go. */
const MOST_FALSE_TAGS = 256;
const QUOTE = 0x22;

/** Looks through one chunk after the other. */
export class LookAhead {
  readonly #keys: KeysAhead;
  readonly #tags = new TagSearch();
  #chunk: Uint8Array = new Uint8Array();
  #at = 0;

  constructor(keys: KeysAhead) {
    this.#keys = keys;
  }

  /** Takes another chunk. */
  load(chunk: Uint8Array): void {
    this.#chunk = chunk;
    this.#tags.load(chunk);
    this.#at = 0;
  }

  /** Announces AcraStructs behind the row that ends at `from`, as many as there is room for. */
  announce(from: number): void {
    if (this.#chunk.length - Math.max(from, this.#at) < SHORTEST_STRETCH) {
      return;
    }
    const { room } = this.#keys;
    if (room > 0) {
      this.#at = Math.max(from, this.#at);
      const headers = this.#collect(room);
      if (headers.length > 0) {
        this.#keys.announce(headers);
      }
    }
  }

  /** Everything that has arrived was worked on. */
  rest(): void {
    this.#keys.rest();
  }

  #collect(room: number): readonly Uint8Array[] {
    const headers: Uint8Array[] = [];
    let falseTags = 0;
    while (headers.length < room && falseTags < MOST_FALSE_TAGS) {
      const tag = this.#tags.next(this.#at);
      if (tag >= this.#chunk.length) {
        this.#at = tag;
        break;
      }
      const isHex = this.#chunk[tag] !== QUOTE;
      const header = this.#headerAt(tag, isHex);
      if (header === null) {
        falseTags++;
        this.#at = tag + 1;
      } else {
        headers.push(header);
        this.#at = tag + lengthOf(isHex);
      }
    }
    return headers;
  }

  #headerAt(tag: number, isHex: boolean): Uint8Array | null {
    const text = this.#chunk.subarray(tag, tag + lengthOf(isHex));
    const header = isHex ? decodeHex(text) : text;
    return header !== null && looksLikeAcraStruct(header, 0) ? header : null;
  }
}

function lengthOf(isHex: boolean): number {
  return isHex ? 2 * ACRASTRUCT_HEADER_LENGTH : ACRASTRUCT_HEADER_LENGTH;
}
