/** Unwraps data keys for the sessions of other threads while this one has nothing to open itself. */

import type { Board } from "./board.ts";
import type { Claim, Lane } from "./lane.ts";

/** Data keys that are unwrapped before this thread's own connections get their turn. */
const KEYS_PER_TURN = 4;
/** How long a thread that is busy itself looks away, in ms. */
const BUSY_PAUSE_MS = 2;

/** The data key of the AcraStruct with this header, for a client; `null` when it does not unwrap. */
export type UnwrapFor = (clientId: string, header: Uint8Array) => Uint8Array | null;

/** What a helper needs. */
export interface KeyHelperOptions {
  readonly unwrap: UnwrapFor;
  /** Whether this thread has as much to do for its own sessions. */
  readonly isBusy: () => boolean;
  /** Called when nothing is left to help with: what was kept for `unwrap` can go. */
  readonly idle: () => void;
}

/** Helps for as long as it is not stopped. */
export class KeyHelper {
  readonly #board: Board;
  readonly #lanes: readonly Lane[];
  readonly #options: KeyHelperOptions;
  #stopped = false;

  constructor(board: Board, options: KeyHelperOptions) {
    this.#board = board;
    this.#lanes = board.otherLanes;
    this.#options = options;
  }

  /** Begins to listen for the bell; resolves when it was stopped. */
  async run(): Promise<void> {
    const { isBusy, idle } = this.#options;
    while (!this.#stopped) {
      if (isBusy()) {
        await pause(BUSY_PAUSE_MS);
      } else if (this.#help()) {
        await turn();
      } else {
        idle();
        await this.#board.ownBell?.sleep(() => this.#help());
      }
    }
  }

  /** Ends `run` at the next bell. */
  stop(): void {
    this.#stopped = true;
    this.#board.ownBell?.ring();
  }

  /** One turn of work; whether there was any. */
  #help(): boolean {
    let left = KEYS_PER_TURN;
    for (const lane of this.#lanes) {
      let claim = lane.claim(this.#board.thread);
      while (claim !== null) {
        this.#settle(lane, claim);
        left--;
        if (left === 0) {
          return true;
        }
        claim = lane.claim(this.#board.thread);
      }
    }
    return left < KEYS_PER_TURN;
  }

  #settle(lane: Lane, claim: Claim): void {
    let dataKey: Uint8Array | null = null;
    try {
      dataKey = this.#options.unwrap(claim.clientId, claim.header);
    } finally {
      lane.settle(claim, this.#board.thread, dataKey);
      dataKey?.fill(0);
    }
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
