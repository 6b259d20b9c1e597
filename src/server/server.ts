/** The running server: its listeners, its sessions, new settings while it runs, and an orderly end. */

import { Ceiling, createRefusals, Gate, type Move, type ReportTooMany } from "../admission/mod.ts";
import type { ApiActions } from "../http_api/mod.ts";
import { describeError, EVENT } from "../log/mod.ts";
import {
  type Connection,
  countAbandonedDials,
  formatEndpoint,
  type ListenHandler,
} from "../transport/mod.ts";
import { startApiSession } from "./api_session.ts";
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
   * Lets other settings hold for new sessions and moves to other addresses where they say so;
   * sessions that run keep theirs (acra-cli.md §7.3).
   * @throws Error when it cannot listen or is about to stop; the old settings hold then. One call at a time.
   */
  reconfigure(options: ServerOptions): Promise<void>;
  /**
   * Stops accepting, lets sessions end at a message border, and cuts what is left after the close
   * timeout. `finished` then resolves: 0 when all sessions ended, 1 when some were cut.
   */
  drain(): Promise<void>;
  /** Cuts everything at once; `finished` resolves with `status`. */
  stop(status: number): void;
}

/**
 * Starts listening.
 * @throws Error when an address cannot be listened on.
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const server = new Server(options);
  await server.reconfigure(options);
  return server;
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
  #options: ServerOptions;
  #starter: SessionStarter;
  #stopping = false;
  #allEnded: (() => void) | null = null;

  constructor(options: ServerOptions) {
    const { promise, resolve } = Promise.withResolvers<number>();
    this.finished = promise;
    this.#finish = resolve;
    this.#options = options;
    const { sessions, connections, api } = options.connectionLimits;
    this.#ceilings = {
      sessions: new Ceiling(sessions),
      connections: new Ceiling(connections),
      api: new Ceiling(api),
    };
    this.#tooMany = createRefusals(options.log, options.metrics);
    this.#starter = this.#createStarter(options);
    this.#dataGate = this.#createGate(
      (connection) => this.#startSession(connection),
      () => this.address,
    );
    this.#apiGate = this.#createGate(
      (connection) => this.#startApiSession(connection),
      () => this.apiAddress ?? "",
    );
  }

  get address(): string {
    return formatEndpoint(this.#dataGate.endpoint ?? this.#options.listen);
  }

  get apiAddress(): string | null {
    return this.#apiGate.endpoint === null ? null : formatEndpoint(this.#apiGate.endpoint);
  }

  get sessionCount(): number {
    return this.#sessions.size;
  }

  async reconfigure(options: ServerOptions): Promise<void> {
    const starter = this.#createStarter(options);
    const moves: Move[] = [];
    try {
      moves.push(await this.#dataGate.move(options.listen));
      moves.push(await this.#apiGate.move(options.api?.listen ?? null));
      if (this.#stopping) {
        throw new Error("the server is about to stop");
      }
    } catch (error) {
      for (const move of moves) {
        await move.cancel();
      }
      this.#closeIfStopping();
      throw error;
    }
    for (const move of moves) {
      move.commit();
    }
    this.#options = options;
    this.#starter = starter;
    for (const name of ["sessions", "connections", "api"] as const) {
      this.#ceilings[name].limit = options.connectionLimits[name];
    }
  }

  async drain(): Promise<void> {
    if (this.#stopping) {
      return;
    }
    this.#stopping = true;
    const { log, closeTimeoutMs } = this.#options;
    this.#closeIfStopping();
    log.info(`Waiting for ${this.#sessions.size} connections to complete`);
    for (const session of this.#sessions.keys()) {
      session.drain();
    }
    const cut = await this.#waitForSessions(closeTimeoutMs);
    if (cut > 0) {
      log.warning(`Server shutdown Timeout: ${cut} active connections will be cut`);
      this.stop(1);
      return;
    }
    log.info(`Server graceful shutdown completed, bye PID: ${process.pid}`);
    this.#finish(0);
  }

  stop(status: number): void {
    this.#stopping = true;
    this.#closeIfStopping();
    for (const session of this.#sessions.keys()) {
      session.abort("the server stops");
    }
    this.#finish(status);
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
      tooMany: this.#tooMany,
    });
  }

  #createGate(start: (connection: Connection) => void, address: () => string): Gate {
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
    return new Gate({ handler, log: () => this.#options.log });
  }

  #startSession(connection: Connection): void {
    const leave = this.#ceilings.connections.enter(countAbandonedDials());
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

  /** Keys are forgotten by everybody who holds some: sessions under older settings as well. */
  #actionsOf({ actions }: ServerApi): ApiActions {
    return {
      makeZone: () => actions.makeZone(),
      loadAccounts: () => actions.loadAccounts(),
      readConfig: () => actions.readConfig(),
      changeConfig: (change) => actions.changeConfig(change),
      resetKeys: () => {
        const keystores = [...this.#sessions.values()].map(({ keys }) => keys);
        for (const keys of new Set([this.#options.keys, ...keystores])) {
          keys.reset();
        }
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
