/** The running server: its listeners, its sessions, new settings while it runs, and an orderly end. */

import {
  Ceiling,
  createRefusals,
  Gate,
  type Move,
  ownPlaces,
  type Places,
  type PortSharing,
  type ReportTooMany,
} from "../admission/mod.ts";
import type { ApiActions } from "../http_api/mod.ts";
import { describeError, EVENT } from "../log/mod.ts";
import type { Board } from "../lookahead/mod.ts";
import { type Connection, formatEndpoint, type ListenHandler } from "../transport/mod.ts";
import { startApiSession } from "./api_session.ts";
import { KeyHelp } from "./key_help.ts";
import type { ServerApi, ServerOptions } from "./options.ts";
import { createPoisonReaction } from "./poison_reaction.ts";
import { type Session, SessionStarter } from "./session_starter.ts";

/** A server that accepts connections. */
export interface RunningServer {
  /** Where it listens, as a connection string. */
  readonly address: string;
  /** Where the HTTP API listens; `null` when it is closed. */
  readonly apiAddress: string | null;
  /** Sessions that are running or being set up, those of the HTTP API included. */
  readonly sessionCount: number;
  /** Resolves with the exit status when the server stopped by itself (poison record) or was stopped. */
  readonly finished: Promise<number>;
  /**
   * Prepares other settings and listens where they say so; what it answers lets them hold for new
   * sessions, while sessions that run keep theirs (acra-cli.md §7.3), or leaves all as it is.
   * @throws Error when it cannot listen or is about to stop; the old settings hold then. One call at a time.
   */
  prepare(options: ServerOptions): Promise<Move>;
  /** Forgets all keys, so that changed ones are read. */
  resetKeys(): void;
  /** Stops accepting; sessions go on. */
  close(): void;
  /**
   * Stops accepting and lets sessions end at a message border. Resolves with the number of those that
   * still run when the close timeout is over; `stop` cuts them.
   */
  drain(): Promise<number>;
  /** Cuts everything at once; `finished` resolves with `status`. */
  stop(status: number): void;
}

/** What a server has in common with those of other threads. */
export interface ServerSurroundings {
  readonly places: Places;
  /** Where they help each other; `null` when there are none. */
  readonly board: Board | null;
  readonly portSharing: PortSharing;
}

/**
 * Starts listening; the only one of its program unless `surroundings` say otherwise.
 * @throws Error when an address cannot be listened on.
 */
export async function startServer(
  options: ServerOptions,
  surroundings: ServerSurroundings = { places: ownPlaces(), board: null, portSharing: "none" },
): Promise<RunningServer> {
  const server = new Server(options, surroundings);
  (await server.prepare(options)).commit();
  return server;
}

/** What a gate of the server does. */
interface GateParts {
  readonly start: (connection: Connection) => void;
  readonly address: () => string;
  readonly sharing: PortSharing;
}

class Server implements RunningServer {
  readonly finished: Promise<number>;
  /** With the settings that each was started under. */
  readonly #sessions = new Map<Session, ServerOptions>();
  readonly #finish: (status: number) => void;
  readonly #dataGate: Gate;
  readonly #apiGate: Gate;
  readonly #ceilings: Readonly<Record<"sessions" | "connections" | "api", Ceiling>>;
  readonly #tooMany: ReportTooMany;
  readonly #surroundings: ServerSurroundings;
  readonly #help: KeyHelp | null;
  #options: ServerOptions;
  #starter: SessionStarter;
  #stopping = false;
  #allEnded: (() => void) | null = null;

  constructor(options: ServerOptions, surroundings: ServerSurroundings) {
    const { promise, resolve } = Promise.withResolvers<number>();
    this.finished = promise;
    this.#finish = resolve;
    this.#options = options;
    this.#surroundings = surroundings;
    const { places, board, portSharing } = surroundings;
    this.#help = board === null ? null : new KeyHelp(board, () => this.#options);
    this.#help?.start();
    const { sessions, connections, api } = options.connectionLimits;
    this.#ceilings = {
      sessions: new Ceiling(sessions, places.of("sessions")),
      connections: new Ceiling(connections, places.of("connections")),
      api: new Ceiling(api, places.of("api")),
    };
    this.#tooMany = createRefusals(options.log, options.metrics);
    this.#starter = this.#createStarter(options);
    this.#dataGate = this.#createGate({
      start: (connection) => this.#startSession(connection),
      address: () => this.address,
      sharing: portSharing,
    });
    this.#apiGate = this.#createGate({
      start: (connection) => this.#startApiSession(connection),
      address: () => this.apiAddress ?? "",
      sharing: "none",
    });
  }

  get address(): string {
    const endpoint = this.#dataGate.endpoint ?? this.#options.listen;
    return endpoint === null ? "" : formatEndpoint(endpoint);
  }

  get apiAddress(): string | null {
    return this.#apiGate.endpoint === null ? null : formatEndpoint(this.#apiGate.endpoint);
  }

  get sessionCount(): number {
    return this.#sessions.size;
  }

  async prepare(options: ServerOptions): Promise<Move> {
    const starter = this.#createStarter(options);
    const moves: Move[] = [];
    const cancel = async (): Promise<void> => {
      for (const move of moves) {
        await move.cancel();
      }
      this.#closeIfStopping();
    };
    try {
      moves.push(await this.#dataGate.move(options.listen));
      moves.push(await this.#apiGate.move(options.api?.listen ?? null));
      if (this.#stopping) {
        throw new Error("the server is about to stop");
      }
    } catch (error) {
      await cancel();
      throw error;
    }
    const commit = (): void => {
      for (const move of moves) {
        move.commit();
      }
      this.#use(options, starter);
      this.#closeIfStopping();
    };
    return { endpoint: moves[0]?.endpoint ?? null, commit, cancel };
  }

  resetKeys(): void {
    const keystores = [...this.#sessions.values()].map(({ keys }) => keys);
    for (const keys of new Set([this.#options.keys, ...keystores])) {
      keys.reset();
    }
  }

  close(): void {
    this.#stopping = true;
    this.#closeIfStopping();
  }

  async drain(): Promise<number> {
    this.close();
    for (const session of this.#sessions.keys()) {
      session.drain();
    }
    return await this.#waitForSessions(this.#options.closeTimeoutMs);
  }

  stop(status: number): void {
    this.close();
    this.#help?.stop();
    for (const session of this.#sessions.keys()) {
      session.abort("the server stops");
    }
    this.#finish(status);
  }

  #use(options: ServerOptions, starter: SessionStarter): void {
    this.#options = options;
    this.#starter = starter;
    for (const name of ["sessions", "connections", "api"] as const) {
      this.#ceilings[name].limit = options.connectionLimits[name];
    }
  }

  #closeIfStopping(): void {
    if (this.#stopping) {
      this.#dataGate.close();
      this.#apiGate.close();
    }
  }

  #createStarter(options: ServerOptions): SessionStarter {
    const react = createPoisonReaction(options.poison, options.log, () => this.stop(1));
    return new SessionStarter(options, {
      alarm: (about) => {
        options.metrics?.poisonAlarm();
        react(about);
      },
      ceiling: this.#ceilings.sessions,
      help: this.#help,
      tooMany: this.#tooMany,
    });
  }

  #createGate({ start, address, sharing }: GateParts): Gate {
    const handler: ListenHandler = {
      accepted: (connection) => {
        if (this.#stopping) {
          connection.abort();
        } else {
          start(connection);
        }
      },
      failed: (error) =>
        this.#options.log.error("Can't accept new connection", {
          code: EVENT.acceptFailed,
          connection_string: address(),
          ...describeError(error),
        }),
    };
    return new Gate({ handler, log: () => this.#options.log, sharing });
  }

  #startSession(connection: Connection): void {
    const leave = this.#ceilings.connections.enter(this.#surroundings.places.countAbandonedDials());
    if (leave === null) {
      connection.abort();
      this.#tooMany("db", "overflow");
      return;
    }
    const counted = this.#options.metrics?.connectionStarted("db");
    const session = this.#starter.start(connection, () => {
      leave();
      counted?.();
      this.#ended(session);
    });
    this.#sessions.set(session, this.#options);
  }

  #startApiSession(connection: Connection): void {
    const { api } = this.#options;
    const leave = api === null ? null : this.#ceilings.api.enter();
    if (api === null || leave === null) {
      connection.abort();
      if (api !== null) {
        this.#tooMany("api", "limit");
      }
      return;
    }
    const counted = this.#options.metrics?.connectionStarted("api");
    const session = startApiSession(connection, {
      server: this.#options,
      api,
      actions: this.#actionsOf(api),
      ended: () => {
        leave();
        counted?.();
        this.#ended(session);
      },
    });
    this.#sessions.set(session, this.#options);
  }

  /** Keys are forgotten by everybody who holds some: sessions under older settings as well, and other threads. */
  #actionsOf({ actions, resetOtherKeys }: ServerApi): ApiActions {
    return {
      makeZone: () => actions.makeZone(),
      loadAccounts: () => actions.loadAccounts(),
      readConfig: () => actions.readConfig(),
      changeConfig: (change) => actions.changeConfig(change),
      resetKeys: async () => {
        this.resetKeys();
        await resetOtherKeys?.();
      },
    };
  }

  #ended(session: Session): void {
    this.#sessions.delete(session);
    if (this.#sessions.size === 0) {
      this.#allEnded?.();
    }
  }

  /** Resolves with the number of sessions that still ran when the time was over. */
  async #waitForSessions(timeoutMs: number): Promise<number> {
    if (this.#sessions.size > 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, timeoutMs);
        this.#allEnded = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    return this.#sessions.size;
  }
}
