/** One line on a terminal that says how far a long task is, and that is gone when it is over. */

import type { TextOutput } from "./command.ts";

const INTERVAL_MS = 200;
const CLEAR_LINE = "\r\x1b[K";

/** Writes to terminals only. */
export class ProgressLine {
  readonly #output: TextOutput;
  #shownAt = Number.NEGATIVE_INFINITY;
  #isShown = false;

  constructor(output: TextOutput) {
    this.#output = output;
  }

  /** Replaces the line, a few times a second at most. */
  show(text: string): void {
    const now = performance.now();
    if (this.#output.isTTY && now - this.#shownAt >= INTERVAL_MS) {
      this.#output.write(`${CLEAR_LINE}${text}`);
      this.#shownAt = now;
      this.#isShown = true;
    }
  }

  /** Makes room for other output. */
  clear(): void {
    if (this.#isShown) {
      this.#output.write(CLEAR_LINE);
      this.#isShown = false;
    }
  }
}
