/** What the sessions of one thread ask the other threads for. */

import type { KeysAhead } from "../pipeline/mod.ts";
import type { Board } from "./board.ts";
import type { Lane } from "./lane.ts";

/** AcraStructs that a session has announced at most, and the number below which it announces more. */
const MOST_WAITING = 128;
const FEWEST_WAITING = 96;

/** Hands out the lanes of one thread. */
export class Requests {
  readonly #board: Board;
  readonly #free: Lane[];
  readonly #all: number;
  readonly #helped: () => void;

  /** @param helped called for each data key that another thread had ready */
  constructor(board: Board, helped: () => void) {
    this.#board = board;
    this.#helped = helped;
    this.#free = [...board.ownLanes];
    this.#all = this.#free.length;
  }

  /** Whether a session of this thread has so much to open that it asks for help. */
  get busy(): boolean {
    return this.#free.length < this.#all;
  }

  /** For one session; its client id is asked for when it is needed, and is `null` when nobody may help. */
  forClient(clientId: () => string | null): KeysAhead {
    return new SessionRequests(this, clientId);
  }

  /** A lane, or `null` when all are in use. */
  borrow(clientId: string | null): Lane | null {
    const lane = clientId === null ? undefined : this.#free.shift();
    if (lane === undefined || clientId === null) {
      return null;
    }
    if (lane.open(Buffer.from(clientId))) {
      return lane;
    }
    this.#free.push(lane);
    return null;
  }

  /** The data key that another thread has ready, or `null`. */
  take(lane: Lane, bytes: Uint8Array, offset: number): Uint8Array | null {
    const dataKey = lane.take(bytes, offset);
    if (dataKey !== null) {
      this.#helped();
    }
    return dataKey;
  }

  giveBack(lane: Lane): void {
    lane.close();
    this.#free.push(lane);
  }

  /** Wakes the other threads. */
  ring(): void {
    for (const bell of this.#board.otherBells) {
      bell.ring();
    }
  }
}

class SessionRequests implements KeysAhead {
  readonly #requests: Requests;
  readonly #clientId: () => string | null;
  #lane: Lane | null = null;

  constructor(requests: Requests, clientId: () => string | null) {
    this.#requests = requests;
    this.#clientId = clientId;
  }

  get room(): number {
    const waiting = this.#lane?.waiting ?? 0;
    return waiting < FEWEST_WAITING ? MOST_WAITING - waiting : 0;
  }

  announce(headers: readonly Uint8Array[]): void {
    this.#lane ??= this.#requests.borrow(this.#clientId());
    const lane = this.#lane;
    if (lane === null) {
      return;
    }
    for (const header of headers) {
      if (!lane.announce(header)) {
        break;
      }
    }
    this.#requests.ring();
  }

  take(bytes: Uint8Array, offset: number): Uint8Array | null {
    return this.#lane === null ? null : this.#requests.take(this.#lane, bytes, offset);
  }

  rest(): void {
    if (this.#lane !== null) {
      this.#requests.giveBack(this.#lane);
      this.#lane = null;
    }
  }
}
