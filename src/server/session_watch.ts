/** What one session may take: a place among the sessions, and time for its start-up or its cancel. */

import type { Ceiling } from "../admission/mod.ts";
import type { Opening } from "../pipeline/mod.ts";
import type { Pump } from "../proxy/mod.ts";
import type { ServerTimeLimits } from "./options.ts";

/** Holds what a session has taken and gives it back at its end. */
export class SessionWatch {
  readonly #ceiling: Ceiling;
  readonly #limits: ServerTimeLimits;
  #pump: Pump | null = null;
  #leave: (() => void) | null = null;
  #timer: ReturnType<typeof setTimeout> | null = null;

  constructor(ceiling: Ceiling, limits: ServerTimeLimits) {
    this.#ceiling = ceiling;
    this.#limits = limits;
  }

  /** The pump has begun: the time for the start-up runs. */
  start(pump: Pump): void {
    this.#pump = pump;
    this.#setTimer(this.#limits.startupMs, () => {
      if (pump.phase !== "ready") {
        pump.fail("startup-timeout");
      }
    });
  }

  /** Whether there is room for what the connection turned out to be; a cancel takes no place. */
  opened(opening: Opening): boolean {
    if (opening === "cancel") {
      this.#setTimer(this.#limits.cancelMs, () =>
        this.#pump?.abort("the database did not close the connection of a cancel request"),
      );
      return true;
    }
    this.#leave = this.#ceiling.enter();
    return this.#leave !== null;
  }

  /** Nothing of the session is left. */
  end(): void {
    this.#leave?.();
    if (this.#timer !== null) {
      clearTimeout(this.#timer);
    }
  }

  #setTimer(timeMs: number, due: () => void): void {
    if (this.#timer !== null) {
      clearTimeout(this.#timer);
    }
    this.#timer = setTimeout(due, timeMs);
  }
}
