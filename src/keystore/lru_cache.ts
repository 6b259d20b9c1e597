/** A map that forgets what was not asked for longest: acra-formats.md §4.6. */

/** Holds up to a number of entries; every entry that leaves is handed to `dropped`. */
export class LruCache<Entry> {
  readonly #entries = new Map<string, Entry>();
  readonly #limit: number;
  readonly #dropped: (entry: Entry) => void;

  /** `limit`: 0 for as many entries as come, −1 for none at all. */
  constructor(limit: number, dropped: (entry: Entry) => void) {
    this.#limit = limit;
    this.#dropped = dropped;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** The entry, which is the most recent one from now on. */
  find(name: string): Entry | null {
    const entry = this.#entries.get(name);
    if (entry === undefined) {
      return null;
    }
    this.#entries.delete(name);
    this.#entries.set(name, entry);
    return entry;
  }

  /** Puts an entry in; the oldest one leaves when there is no room, or this one when there is none at all. */
  set(name: string, entry: Entry): void {
    if (this.#limit < 0) {
      this.#dropped(entry);
      return;
    }
    this.#drop(name);
    this.#entries.set(name, entry);
    const [oldest] = this.#entries.keys();
    if (this.#limit > 0 && this.#entries.size > this.#limit && oldest !== undefined) {
      this.#drop(oldest);
    }
  }

  clear(): void {
    for (const name of [...this.#entries.keys()]) {
      this.#drop(name);
    }
  }

  #drop(name: string): void {
    const entry = this.#entries.get(name);
    if (entry !== undefined) {
      this.#entries.delete(name);
      this.#dropped(entry);
    }
  }
}
