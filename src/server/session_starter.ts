/** From an accepted connection to a running session: client id, database, pump. */

import type { Ceiling, ReportTooMany } from "../admission/mod.ts";
import { describeError, EVENT, type LogFields, type Logger } from "../log/mod.ts";
import { timeStep } from "../metrics/mod.ts";
import type { Opening } from "../pipeline/mod.ts";
import { Pump, type PumpEnd, type PumpOptions } from "../proxy/mod.ts";
import { type Connection, dial, formatEndpoint } from "../transport/mod.ts";
import { acceptTransport, reportRefusal } from "./accept_transport.ts";
import type { KeyHelp } from "./key_help.ts";
import { type ServerOptions, type ServerTimeLimits, timeLimitsOf } from "./options.ts";
import { type CreateSession, createSessionFactory } from "./session_factory.ts";
import { ClientIdentity, createStartTls } from "./session_tls.ts";
import { SessionWatch } from "./session_watch.ts";

type PumpParts = Pick<PumpOptions, "session" | "client" | "database" | "startTls">;

/** One accepted connection, from its first moment to its last. */
export interface Session {
  drain(): void;
  abort(reason: string): void;
}

/** What sessions tell their server, and what they share with those under older options. */
export interface SessionSurroundings {
  /** A poison record was read; the fields tell in whose session. */
  readonly alarm: (about: LogFields) => void;
  readonly ceiling: Ceiling;
  /** Other threads that may help with AcraStructs; `null` when there are none. */
  readonly help: KeyHelp | null;
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
    this.#createSession = createSessionFactory(options, around.help);
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
  /** Whose session it is, for log lines: the client id is added once it is known. */
  #about: LogFields;
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
    this.#about = { peer: accepted.peer };
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
      const client = new ClientIdentity(clientId, connection.peer);
      this.#about = client.about;
      this.#log.info("Handle new connection", this.#about);
      const database = await this.#dialDatabase();
      if (this.#cancelled) {
        connection.abort();
        database?.abort();
        this.#ended();
        return;
      }
      this.#startPump({
        session: createSession(client, (opening) => this.#opened(opening)),
        client: connection,
        database,
        startTls: createStartTls(this.#options, client, this.#limits.handshakeMs),
      });
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
    const { database, metrics } = this.#options;
    const { connectMs: timeoutMs } = this.#limits;
    try {
      return await timeStep(metrics, "database", "connect", () => dial(database, { timeoutMs }));
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

  #startPump(parts: PumpParts): void {
    const pump = new Pump({
      ...parts,
      alarm: () => this.#around.alarm(this.#about),
      meter: this.#options.metrics?.meterSession() ?? null,
      ended: (end) => this.#finished(end, parts.database !== null),
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

  /** An unreachable database was told of before. */
  #finished({ error, reason }: PumpEnd, reached: boolean): void {
    this.#watch.end();
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
