/** The running server: one listener, its sessions, and an orderly end. */

import { EVENT } from "../log/mod.ts";
import { type Connection, formatEndpoint, type Listener, listen } from "../transport/mod.ts";
import type { ServerOptions } from "./options.ts";
import { createPoisonReaction } from "./poison_reaction.ts";
import { type Session, SessionStarter } from "./session_starter.ts";

/** A server that accepts connections. */
export interface RunningServer {
  /** Where it listens, as a connection string. */
  readonly address: string;
  /** Sessions that are running or being set up. */
  readonly sessionCount: number;
  /** Resolves with the exit status when the server stopped by itself (poison record) or was stopped. */
  readonly finished: Promise<number>;
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
 * @throws Error when the address cannot be listened on.
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const server = new Server(options);
  await server.listen();
  return server;
}

class Server implements RunningServer {
  readonly finished: Promise<number>;
  readonly #options: ServerOptions;
  readonly #starter: SessionStarter;
  readonly #sessions = new Set<Session>();
  readonly #finish: (status: number) => void;
  #listener: Listener | null = null;
  #stopping = false;
  #allEnded: (() => void) | null = null;

  constructor(options: ServerOptions) {
    const { promise, resolve } = Promise.withResolvers<number>();
    this.finished = promise;
    this.#finish = resolve;
    this.#options = options;
    const alarm = createPoisonReaction(options.poison, options.log, () => this.stop(1));
    this.#starter = new SessionStarter(options, alarm);
  }

  get address(): string {
    return formatEndpoint(this.#listener?.endpoint ?? this.#options.listen);
  }

  get sessionCount(): number {
    return this.#sessions.size;
  }

  async listen(): Promise<void> {
    const { log } = this.#options;
    this.#listener = await listen(this.#options.listen, {
      accepted: (connection) => this.#accepted(connection),
      failed: (error) =>
        log.error("Can't accept new connection", {
          code: EVENT.acceptFailed,
          error: error.message,
        }),
    });
  }

  async drain(): Promise<void> {
    if (this.#stopping) {
      return;
    }
    this.#stopping = true;
    const { log, closeTimeoutMs } = this.#options;
    this.#listener?.close();
    log.info(`Waiting for ${this.#sessions.size} connections to complete`);
    for (const session of this.#sessions) {
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
    this.#listener?.close();
    for (const session of this.#sessions) {
      session.abort("the server stops");
    }
    this.#finish(status);
  }

  #accepted(connection: Connection): void {
    if (this.#stopping) {
      connection.abort();
      return;
    }
    const session = this.#starter.start(connection, () => {
      this.#sessions.delete(session);
      if (this.#sessions.size === 0) {
        this.#allEnded?.();
      }
    });
    this.#sessions.add(session);
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
