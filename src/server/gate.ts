/**
 * Where a server lets peers in, and how that place is moved while it runs: the new address is
 * listened on before the old one is left, so that nobody is refused.
 */

import {
  type Endpoint,
  formatEndpoint,
  type Listener,
  type ListenHandler,
  listen,
} from "../transport/mod.ts";

/** A move that is prepared: the new address is open beside the old one. */
export interface Move {
  /** Leaves the old address. */
  commit(): void;
  /** Leaves the new address. */
  cancel(): Promise<void>;
}

/** What is listened on, as it was asked for and as it is. */
interface Place {
  readonly asked: Endpoint;
  readonly listener: Listener;
}

/** A listener that can be moved, or closed and opened again. */
export class Gate {
  readonly #handler: ListenHandler;
  #place: Place | null = null;

  constructor(handler: ListenHandler) {
    this.#handler = handler;
  }

  /** Where it listens, or `null` when it is closed. */
  get endpoint(): Endpoint | null {
    return this.#place?.listener.endpoint ?? null;
  }

  /**
   * Prepares to listen at another address, or at none; nothing happens for the address it has.
   * @throws Error when the address cannot be listened on; the old one is listened on as before then.
   */
  async move(to: Endpoint | null): Promise<Move> {
    const old = this.#place;
    if (to !== null && old !== null && formatEndpoint(to) === formatEndpoint(old.asked)) {
      return { commit: () => {}, cancel: async () => {} };
    }
    const next = to === null ? null : { asked: to, listener: await this.#open(to, old) };
    return {
      commit: () => {
        this.#place = next;
        old?.listener.close();
      },
      cancel: async () => {
        next?.listener.close();
        if (old !== null && this.#place !== old) {
          this.#place = await this.#reopen(old);
        }
      },
    };
  }

  /** Stops listening. */
  close(): void {
    this.#place?.listener.close();
    this.#place = null;
  }

  /** Two addresses with one port (`0.0.0.0`, `127.0.0.1`) stand in each other's way: then the old one gives way first. */
  async #open(to: Endpoint, old: Place | null): Promise<Listener> {
    try {
      return await listen(to, this.#handler);
    } catch (error) {
      if (old === null || !sharesPort(to, old.listener.endpoint)) {
        throw error;
      }
      old.listener.close();
      this.#place = null;
      try {
        return await listen(to, this.#handler);
      } catch (second) {
        this.#place = await this.#reopen(old);
        throw second;
      }
    }
  }

  async #reopen({ asked, listener }: Place): Promise<Place> {
    return { asked, listener: await listen(listener.endpoint, this.#handler) };
  }
}

function sharesPort(one: Endpoint, other: Endpoint): boolean {
  return one.kind === "tcp" && other.kind === "tcp" && one.port === other.port;
}
