/** From an accepted connection to a running session: client id, database, pump. */

import { describeError, EVENT, type LogFields, type Logger } from "../log/mod.ts";
import type { ProtocolSession } from "../pipeline/mod.ts";
import { Pump, type PumpEnd } from "../proxy/mod.ts";
import { type Connection, dial, formatEndpoint } from "../transport/mod.ts";
import { acceptTransport, reportRefusal } from "./accept_transport.ts";
import type { ServerOptions } from "./options.ts";
import { type CreateSession, createSessionFactory } from "./session_factory.ts";

/** Time for a connection to the database, and the handshake of a transport, in ms (acra-proxy.md §5.1.6). */
const CONNECT_TIMEOUT_MS = 10_000;
/** Time from accept to the end of authentication, in ms. */
const STARTUP_TIMEOUT_MS = 60_000;

/** One accepted connection, from its first moment to its last. */
export interface Session {
  drain(): void;
  abort(reason: string): void;
}

/** What happens when a session meets a poison record; the fields tell whose session it is. */
type Alarm = (about: LogFields) => void;

/** Starts sessions that all share one set of options. */
export class SessionStarter {
  readonly #options: ServerOptions;
  readonly #alarm: Alarm;
  readonly #createSession: CreateSession;

  constructor(options: ServerOptions, alarm: Alarm) {
    this.#options = options;
    this.#alarm = alarm;
    this.#createSession = createSessionFactory(options);
  }

  /** Takes over a connection; `ended` is called once, when nothing of the session is left. */
  start(connection: Connection, ended: () => void): Session {
    const session = new ServerSession(connection, this.#options, this.#alarm, ended);
    this.#options.log.info(`Got new connection to AcraServer: ${connection.peer}`);
    void session.run(this.#createSession);
    return session;
  }
}

class ServerSession implements Session {
  readonly #accepted: Connection;
  readonly #options: ServerOptions;
  readonly #log: Logger;
  readonly #alarm: Alarm;
  readonly #ended: () => void;
  /** Whose session it is, for log lines: the client id is added once it is known. */
  #about: LogFields;
  #pump: Pump | null = null;
  #cancelled = false;
  #draining = false;
  #startupTimer: ReturnType<typeof setTimeout> | null = null;

  constructor(accepted: Connection, options: ServerOptions, alarm: Alarm, ended: () => void) {
    this.#accepted = accepted;
    this.#about = { peer: accepted.peer };
    this.#options = options;
    this.#log = options.log;
    this.#alarm = alarm;
    this.#ended = ended;
  }

  async run(createSession: CreateSession): Promise<void> {
    try {
      const { clientId, connection } = await acceptTransport(
        this.#accepted,
        this.#options,
        CONNECT_TIMEOUT_MS,
      );
      this.#about = { client_id: clientId, peer: connection.peer };
      this.#log.info("Handle new connection", this.#about);
      const database = await this.#dialDatabase();
      if (this.#cancelled) {
        connection.abort();
        database?.abort();
        this.#ended();
        return;
      }
      this.#startPump(createSession(clientId), connection, database);
    } catch (error) {
      reportRefusal(error, this.#accepted.peer, this.#options);
      this.#ended();
    }
  }

  drain(): void {
    this.#draining = true;
    if (this.#pump === null) {
      this.abort("the server stops");
    } else {
      this.#pump.drain();
    }
  }

  abort(reason: string): void {
    this.#cancelled = true;
    if (this.#pump === null) {
      this.#accepted.abort();
    } else {
      this.#pump.abort(reason);
    }
  }

  async #dialDatabase(): Promise<Connection | null> {
    const { database } = this.#options;
    try {
      return await dial(database, { timeoutMs: CONNECT_TIMEOUT_MS });
    } catch (error) {
      this.#log.error("Can't connect to db", {
        code: EVENT.databaseUnreachable,
        connection_string: formatEndpoint(database),
        ...this.#about,
        ...describeError(error),
      });
      return null;
    }
  }

  #startPump(session: ProtocolSession, client: Connection, database: Connection | null): void {
    const pump = new Pump({
      session,
      client,
      database,
      alarm: () => this.#alarm(this.#about),
      meter: this.#options.metrics,
      ended: (end) => this.#finished(end, database !== null),
    });
    this.#pump = pump;
    this.#startupTimer = setTimeout(() => {
      if (session.phase !== "ready") {
        pump.fail("startup-timeout");
      }
    }, STARTUP_TIMEOUT_MS);
    pump.start();
    if (this.#draining) {
      pump.drain();
    }
  }

  /** An unreachable database was told of before. */
  #finished({ error, reason }: PumpEnd, reached: boolean): void {
    if (this.#startupTimer !== null) {
      clearTimeout(this.#startupTimer);
    }
    if (error && reached) {
      this.#log.error("Session ended", {
        code: EVENT.sessionFailed,
        ...this.#about,
        error: reason,
      });
    } else {
      this.#log.debug("Session ended", { ...this.#about, error: reason });
    }
    this.#log.info("Finished processing client's connection", this.#about);
    this.#ended();
  }
}
