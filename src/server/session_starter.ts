/** From an accepted connection to a running session: client id, database, pump. */

import { EVENT, type Logger } from "../log/mod.ts";
import { Pump, type PumpEnd, type PumpOptions } from "../proxy/mod.ts";
import { type Connection, dial, formatEndpoint } from "../transport/mod.ts";
import { acceptTransport, reportRefusal } from "./accept_transport.ts";
import type { ServerOptions } from "./options.ts";
import { type CreateSession, createSessionFactory } from "./session_factory.ts";
import { createSessionEvents } from "./session_log.ts";
import { type ClientIdentity, createStartTls } from "./session_tls.ts";

/** Time for a connection to the database, and the handshake of a transport, in ms (acra-proxy.md §5.1.6). */
const CONNECT_TIMEOUT_MS = 10_000;
/** Time from accept to the end of authentication, in ms. */
const STARTUP_TIMEOUT_MS = 60_000;

type PumpParts = Pick<PumpOptions, "session" | "client" | "database" | "startTls">;

/** One accepted connection, from its first moment to its last. */
export interface Session {
  drain(): void;
  abort(reason: string): void;
}

/** Starts sessions that all share one set of options. */
export class SessionStarter {
  readonly #options: ServerOptions;
  readonly #alarm: () => void;
  readonly #createSession: CreateSession;

  constructor(options: ServerOptions, alarm: () => void) {
    this.#options = options;
    this.#alarm = alarm;
    this.#createSession = createSessionFactory(options, createSessionEvents(options));
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
  readonly #alarm: () => void;
  readonly #ended: () => void;
  #pump: Pump | null = null;
  #cancelled = false;
  #draining = false;
  #startupTimer: ReturnType<typeof setTimeout> | null = null;

  constructor(accepted: Connection, options: ServerOptions, alarm: () => void, ended: () => void) {
    this.#accepted = accepted;
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
        session: createSession(client),
        client: connection,
        database,
        startTls: createStartTls(this.#options, client, CONNECT_TIMEOUT_MS),
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
    const { database } = this.#options;
    try {
      return await dial(database, { timeoutMs: CONNECT_TIMEOUT_MS });
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
    const { session } = parts;
    const pump = new Pump({
      ...parts,
      alarm: this.#alarm,
      meter: this.#options.metrics,
      ended: (end) => this.#finished(end),
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

  #finished(end: PumpEnd): void {
    if (this.#startupTimer !== null) {
      clearTimeout(this.#startupTimer);
    }
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
