/** What one session counts: its part of the program's numbers, and how long its far side takes to answer. */

import type { LegName } from "./leg_latency.ts";

/** Counts what moves on the two legs of a session; called for each chunk. */
export interface LegMeter {
  received(from: LegName, bytes: number): void;
  sent(to: LegName, bytes: number): void;
  /** The bytes of a side were worked on in one turn, between these moments in ms. */
  worked(from: LegName, startedAt: number, endedAt: number): void;
}

/** Where a session's numbers go. */
export interface MeterTotals {
  received(from: LegName, bytes: number): void;
  sent(to: LegName, bytes: number): void;
  worked(from: LegName, ms: number): void;
  /** The far side began to answer. */
  answered(ms: number): void;
}

const IDLE = -1;

/** Adds to the totals; moments come from the turns that are timed anyway. */
export class SessionMeter implements LegMeter {
  readonly #totals: MeterTotals;
  /** When the request went out that has no answer yet. */
  #askedAt = IDLE;
  #workEndedAt = 0;

  constructor(totals: MeterTotals) {
    this.#totals = totals;
  }

  received(from: LegName, bytes: number): void {
    this.#totals.received(from, bytes);
  }

  sent(to: LegName, bytes: number): void {
    this.#totals.sent(to, bytes);
    if (to === "database" && this.#askedAt === IDLE) {
      this.#askedAt = this.#workEndedAt;
    }
  }

  worked(from: LegName, startedAt: number, endedAt: number): void {
    this.#totals.worked(from, endedAt - startedAt);
    this.#workEndedAt = endedAt;
    if (from === "database" && this.#askedAt !== IDLE) {
      this.#totals.answered(startedAt - this.#askedAt);
      this.#askedAt = IDLE;
    }
  }
}
