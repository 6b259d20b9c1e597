/**
 * Where a program lets peers in. The place can be moved while the program runs: the new address is
 * listened on before the old one is left, so that nobody is refused. And it comes back: when the file
 * of a unix socket was removed or replaced, or an address could not be had again, it is tried anew.
 */

import { EVENT, type Logger } from "../log/mod.ts";
import {
  type Endpoint,
  formatEndpoint,
  type Listener,
  type ListenHandler,
  listen,
} from "../transport/mod.ts";

/** How often is looked whether peers still find the listener, in ms. */
const LOOK_MS = 2_000;
/** Looks that are left out after a failure, doubled with each further one up to the limit. */
const LARGEST_PAUSE = 16;

/**
 * Whether other threads of this program listen on the same TCP port: `first` takes the port, and makes
 * sure that it is nobody else's; `further` ones join it.
 */
export type PortSharing = "none" | "first" | "further";

/** A move that is prepared: the new address is open beside the old one. */
export interface Move {
  /** Where it is going to be listened on, with the real port; `null` for nowhere. */
  readonly endpoint: Endpoint | null;
  /** Leaves the old address. */
  commit(): void;
  /** Leaves the new address. */
  cancel(): Promise<void>;
}

/** What is listened on, as it was asked for and as it is. */
interface Place {
  readonly asked: Endpoint;
  /** With the port that was given out when any would do. */
  readonly endpoint: Endpoint;
  /** `null` while it cannot be listened on. */
  readonly listener: Listener | null;
}

/** What a gate needs. */
export interface GateOptions {
  readonly handler: ListenHandler;
  /** Where losses are told; asked for each time, for programs change their log. */
  readonly log: () => Logger;
  /** `none` when it is not given. */
  readonly sharing?: PortSharing;
  /** For tests: how often is looked, in ms. */
  readonly lookMs?: number;
}

/** A listener that can be moved, or closed and opened again, and that looks after itself. */
export class Gate {
  readonly #options: GateOptions;
  #place: Place | null = null;
  #timer: ReturnType<typeof setInterval> | null = null;
  /** A move is prepared, or about to be. */
  #moving = false;
  #comingBack: Promise<void> | null = null;
  #failures = 0;
  #pause = 0;

  constructor(options: GateOptions) {
    this.#options = options;
  }

  /** Where it listens, or `null` when it does not. */
  get endpoint(): Endpoint | null {
    return this.#place?.listener?.endpoint ?? null;
  }

  /**
   * Prepares to listen at another address, or at none; nothing happens for the address it has, unless
   * peers no longer find it there.
   * @throws Error when the address cannot be listened on; the old one is listened on as before then.
   */
  async move(to: Endpoint | null): Promise<Move> {
    this.#moving = true;
    try {
      await this.#comingBack;
      return await this.#prepare(to);
    } catch (error) {
      this.#moving = false;
      throw error;
    }
  }

  /** Stops listening. */
  close(): void {
    this.#place?.listener?.close();
    this.#place = null;
    this.#watch();
  }

  async #prepare(to: Endpoint | null): Promise<Move> {
    const old = this.#place;
    if (to !== null && old !== null && formatEndpoint(to) === formatEndpoint(old.asked)) {
      if (old.listener?.isThere !== true) {
        await this.#replace(old);
      }
      const endpoint = this.endpoint ?? old.endpoint;
      return { endpoint, commit: () => this.#moved(), cancel: async () => this.#moved() };
    }
    const next = to === null ? null : makePlace(to, await this.#open(to, old));
    return {
      endpoint: next?.endpoint ?? null,
      commit: () => {
        this.#place = next;
        old?.listener?.close();
        this.#moved();
      },
      cancel: async () => {
        next?.listener?.close();
        if (old !== null && this.#place !== old) {
          await this.#restore(old);
        }
        this.#moved();
      },
    };
  }

  #moved(): void {
    this.#moving = false;
    this.#watch();
  }

  /**
   * Two addresses with one port (`0.0.0.0`, `127.0.0.1`) stand in each other's way: then the old one
   * gives way first, unless they may share it.
   */
  async #open(to: Endpoint, old: Place | null): Promise<Listener> {
    const { handler, sharing = "none" } = this.#options;
    const overlaps = old !== null && sharesPort(to, old.endpoint);
    if (sharing === "first" && to.kind === "tcp" && !overlaps) {
      return await listenFirst(to, handler);
    }
    if (sharing !== "none") {
      return await listen(to, handler, { reusePort: true });
    }
    try {
      return await listen(to, handler);
    } catch (error) {
      if (!overlaps) {
        throw error;
      }
      old.listener?.close();
      this.#place = null;
      try {
        return await listen(to, handler);
      } catch (second) {
        await this.#restore(old);
        throw second;
      }
    }
  }

  /** Goes back to a place that was left; what fails now is tried again later. */
  async #restore(old: Place): Promise<void> {
    this.#place = { ...old, listener: null };
    try {
      await this.#replace(this.#place);
    } catch (error) {
      this.#failed(old, error);
    }
  }

  /** Looks regularly as long as there is a place. */
  #watch(): void {
    if (this.#place === null && this.#timer !== null) {
      clearInterval(this.#timer);
      this.#timer = null;
    } else if (this.#place !== null && this.#timer === null) {
      this.#timer = setInterval(() => this.#look(), this.#options.lookMs ?? LOOK_MS);
      this.#timer.unref();
    }
  }

  #look(): void {
    const place = this.#place;
    const isQuiet = this.#moving || this.#comingBack !== null;
    if (isQuiet || place === null || place.listener?.isThere === true) {
      return;
    }
    if (this.#pause > 0) {
      this.#pause--;
      return;
    }
    this.#comingBack = this.#comeBack(place).finally(() => {
      this.#comingBack = null;
    });
  }

  async #comeBack(place: Place): Promise<void> {
    try {
      await this.#replace(place);
    } catch (error) {
      this.#failed(place, error);
    }
  }

  /**
   * Listens anew where peers do not find us any more.
   * @throws Error when somebody else is there now.
   */
  async #replace(lost: Place): Promise<void> {
    const connectionString = formatEndpoint(lost.endpoint);
    if (lost.listener !== null) {
      this.#options
        .log()
        .warning("The socket's file was removed or replaced, listening there again", {
          connection_string: connectionString,
        });
      lost.listener.close();
      this.#place = { ...lost, listener: null };
    }
    const { handler, sharing = "none" } = this.#options;
    const listener = await listen(lost.endpoint, handler, { reusePort: sharing !== "none" });
    if (this.#place === null) {
      listener.close();
      return;
    }
    this.#place = { ...lost, listener };
    if (this.#failures > 0) {
      this.#options.log().warning("Listening again", { connection_string: connectionString });
    }
    this.#failures = 0;
    this.#pause = 0;
  }

  /** The first failure is told; the pauses grow. */
  #failed(place: Place, error: unknown): void {
    if (this.#failures === 0) {
      this.#options.log().error("Can't listen, trying again until it works", {
        code: EVENT.listenFailed,
        connection_string: formatEndpoint(place.endpoint),
        error: error instanceof Error ? error.message : String(error),
      });
    }
    this.#pause = Math.min(2 ** this.#failures, LARGEST_PAUSE);
    this.#failures++;
  }
}

/**
 * Takes a port that other threads are going to join. A port that may be shared would be given to us
 * although another program shares it already, so it is taken for ourselves alone first.
 */
async function listenFirst(to: Endpoint, handler: ListenHandler): Promise<Listener> {
  const own = await listen(to, { ...handler, accepted: (connection) => connection.abort() });
  own.close();
  return await listen(own.endpoint, handler, { reusePort: true });
}

function makePlace(asked: Endpoint, listener: Listener): Place {
  return { asked, endpoint: listener.endpoint, listener };
}

function sharesPort(one: Endpoint, other: Endpoint): boolean {
  return one.kind === "tcp" && other.kind === "tcp" && one.port === other.port;
}
