/** What is known of a session's portals: the formats in which their results come. */

import type { ResultFormats } from "../../wire/postgres/mod.ts";

/** Result formats by the name of the portal; it lives until it is closed or its transaction ends. */
export class Portals {
  readonly #formats = new Map<string, ResultFormats>();
  #size = 0;

  /** What the portals take up: characters of names and number of formats. */
  get size(): number {
    return this.#size;
  }

  set(name: string, formats: ResultFormats | null): void {
    this.delete(name);
    if (formats !== null) {
      this.#formats.set(name, formats);
      this.#size += name.length + formats.length;
    }
  }

  get(name: string): ResultFormats | null {
    return this.#formats.get(name) ?? null;
  }

  delete(name: string): void {
    const formats = this.#formats.get(name);
    if (formats !== undefined) {
      this.#formats.delete(name);
      this.#size -= name.length + formats.length;
    }
  }

  clear(): void {
    this.#formats.clear();
    this.#size = 0;
  }
}
