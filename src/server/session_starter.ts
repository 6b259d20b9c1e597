/** From an accepted connection to a running session: client id, database, pump. */

import type { Ceiling, ReportTooMany } from "../admission/mod.ts";
import { EVENT, type Logger } from "../log/mod.ts";
import { timeStep } from "../metrics/mod.ts";
import type { Opening } from "../pipeline/mod.ts";
import { Pump, type PumpEnd, type PumpOptions } from "../proxy/mod.ts";
import { type Connection, dial, formatEndpoint } from "../transport/mod.ts";
import { acceptTransport, reportRefusal } from "./accept_transport.ts";
import { type ServerOptions, type ServerTimeLimits, timeLimitsOf } from "./options.ts";
import { type CreateSession, createSessionFactory } from "./session_factory.ts";
import { createSessionEvents } from "./session_log.ts";
import { type ClientIdentity, createStartTls } from "./session_tls.ts";
import { SessionWatch } from "./session_watch.ts";

type PumpParts = Pick<PumpOptions, "session" | "client" | "database" | "startTls">;

/** One accepted connection, from its first moment to its last. */
export interface Session {
  drain(): void;
  abort(reason: string): void;
}

/** What sessions tell their server, and what they share with those under older options. */
export interface SessionSurroundings {
  /** A poison record was read. */
  readonly alarm: () => void;
  readonly ceiling: Ceiling;
  readonly tooMany: ReportTooMany;
}

/** Starts sessions that all share one set of options. */
export class SessionStarter {
  readonly #options: ServerOptions;
  readonly #around: SessionSurroundings;
  readonly #createSession: CreateSession;

  constructor(options: ServerOptions, around: SessionSurroundings) {
    this.#options = options;
    this.#around = around;
    this.#createSession = createSessionFactory(options, createSessionEvents(options));
  }

  /** Takes over a connection; `ended` is called once, when nothing of the session is left. */
  start(connection: Connection, ended: () => void): Session {
    const session = new ServerSession(connection, this.#options, this.#around, ended);
    this.#options.log.info(`Got new connection to AcraServer: ${connection.peer}`);
    void session.run(this.#createSession);
    return session;
  }
}

class ServerSession implements Session {
  readonly #accepted: Connection;
  readonly #options: ServerOptions;
  readonly #log: Logger;
  readonly #limits: ServerTimeLimits;
  readonly #around: SessionSurroundings;
  readonly #watch: SessionWatch;
  readonly #ended: () => void;
  #pump: Pump | null = null;
  #cancelled = false;
  #draining = false;

  constructor(
    accepted: Connection,
    options: ServerOptions,
    around: SessionSurroundings,
    ended: () => void,
  ) {
    this.#accepted = accepted;
    this.#options = options;
    this.#log = options.log;
    this.#limits = timeLimitsOf(options);
    this.#around = around;
    this.#watch = new SessionWatch(around.ceiling, this.#limits);
    this.#ended = ended;
  }

  async run(createSession: CreateSession): Promise<void> {
    try {
      const { clientId, connection } = await acceptTransport(
        this.#accepted,
        this.#options,
        this.#limits.handshakeMs,
      );
      this.#log.info("Handle new connection", { client_id: clientId });
      const database = await this.#dialDatabase();
      if (this.#cancelled) {
        connection.abort();
        database?.abort();
        this.#ended();
        return;
      }
      const client: ClientIdentity = { clientId };
      this.#startPump({
        session: createSession(client, (opening) => this.#opened(opening)),
        client: connection,
        database,
        startTls: createStartTls(this.#options, client, this.#limits.handshakeMs),
      });
    } catch (error) {
      reportRefusal(error, this.#options);
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
    const { database, metrics } = this.#options;
    const { connectMs: timeoutMs } = this.#limits;
    try {
      return await timeStep(metrics, "database", "connect", () => dial(database, { timeoutMs }));
    } catch (error) {
      this.#log.error("Can't connect to db", {
        code: EVENT.databaseUnreachable,
        connection_string: formatEndpoint(database),
        error: messageOf(error),
      });
      return null;
    }
  }

  #startPump(parts: PumpParts): void {
    const pump = new Pump({
      ...parts,
      alarm: this.#around.alarm,
      meter: this.#options.metrics?.meterSession() ?? null,
      ended: (end) => this.#finished(end),
    });
    this.#pump = pump;
    this.#watch.start(pump);
    pump.start();
    if (this.#draining) {
      pump.drain();
    }
  }

  #opened(opening: Opening): boolean {
    const hasRoom = this.#watch.opened(opening);
    if (!hasRoom) {
      this.#around.tooMany("db", "limit");
    }
    return hasRoom;
  }

  #finished(end: PumpEnd): void {
    this.#watch.end();
    if (end.error) {
      this.#log.error("Session ended", { code: EVENT.sessionFailed, error: end.reason });
    }
    this.#log.info("Finished processing client's connection");
    this.#ended();
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
