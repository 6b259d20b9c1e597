/** The running connector: one listener, one outgoing connection for each incoming one. */

import type { ConnectorKeys } from "../keystore/mod.ts";
import { EVENT, type Logger } from "../log/mod.ts";
import { PassThroughSession, Pump, type PumpEnd } from "../proxy/mod.ts";
import {
  type Connection,
  dial,
  dialSecureSession,
  type Endpoint,
  formatEndpoint,
  type Listener,
  listen,
  type PeerInfo,
} from "../transport/mod.ts";
import { isOtherUser } from "./owner_check.ts";

/** Time for the connection to the server and, again, for the handshake, in ms. */
const CONNECT_TIMEOUT_MS = 10_000;

/** Everything that `startConnector` needs. */
export interface ConnectorOptions {
  readonly listen: Endpoint;
  readonly server: Endpoint;
  readonly clientId: string;
  /** Raw transport: no encryption between connector and server. */
  readonly encryptionDisabled: boolean;
  readonly userCheckDisabled: boolean;
  readonly keys: ConnectorKeys;
  readonly log: Logger;
  /** How long running sessions may take to end at a stop, in ms. */
  readonly closeTimeoutMs: number;
}

/** A connector that accepts connections. */
export interface RunningConnector {
  /** Where it listens, as a connection string. */
  readonly address: string;
  readonly sessionCount: number;
  /** Stops accepting, waits for sessions, cuts what is left; resolves with how many were cut. */
  drain(): Promise<number>;
  /** Cuts everything at once. */
  stop(): void;
}

/**
 * Starts listening.
 * @throws Error when the address cannot be listened on.
 */
export async function startConnector(options: ConnectorOptions): Promise<RunningConnector> {
  const connector = new Connector(options);
  await connector.listen();
  return connector;
}

/** Anything that can be cut: a connection being set up, later its pump. */
interface Cuttable {
  abort(reason: string): void;
}

class Connector implements RunningConnector {
  readonly #options: ConnectorOptions;
  readonly #sessions = new Map<Connection, Cuttable>();
  #listener: Listener | null = null;
  #stopping = false;
  #allEnded: (() => void) | null = null;

  constructor(options: ConnectorOptions) {
    this.#options = options;
  }

  get address(): string {
    return formatEndpoint(this.#listener?.endpoint ?? this.#options.listen);
  }

  get sessionCount(): number {
    return this.#sessions.size;
  }

  async listen(): Promise<void> {
    this.#listener = await listen(this.#options.listen, {
      accepted: (connection, peer) => void this.#accepted(connection, peer),
      failed: (error) =>
        this.#options.log.error("System error: can't accept new connection", {
          code: EVENT.acceptFailed,
          error: error.message,
        }),
    });
  }

  async drain(): Promise<number> {
    this.#stopping = true;
    this.#listener?.close();
    if (this.#sessions.size > 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, this.#options.closeTimeoutMs);
        this.#allEnded = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    const cut = this.#sessions.size;
    this.stop();
    return cut;
  }

  stop(): void {
    this.#stopping = true;
    this.#listener?.close();
    for (const session of this.#sessions.values()) {
      session.abort("the connector stops");
    }
  }

  async #accepted(connection: Connection, peer: PeerInfo): Promise<void> {
    const { log } = this.#options;
    if (this.#stopping) {
      connection.abort();
      return;
    }
    this.#sessions.set(connection, connection);
    log.info(`Got new connection to AcraConnector: ${connection.peer}`);
    try {
      await this.#connect(connection, peer);
    } catch (error) {
      connection.abort();
      this.#forget(connection);
      log.error("Can't connect to AcraServer", {
        code: EVENT.handshakeFailed,
        error: error instanceof Error ? error.message : String(error),
      });
    }
  }

  async #connect(connection: Connection, peer: PeerInfo): Promise<void> {
    const { log, userCheckDisabled } = this.#options;
    if (!userCheckDisabled && !(await isOtherUser(peer))) {
      log.error("Client application and ssproxy need to be start from different users", {
        code: EVENT.sessionFailed,
      });
      connection.abort();
      this.#forget(connection);
      return;
    }
    const server = await this.#dialServer();
    if (!this.#sessions.has(connection) || this.#stopping) {
      server.abort();
      connection.abort();
      this.#forget(connection);
      return;
    }
    const pump = new Pump({
      session: new PassThroughSession(),
      client: connection,
      database: server,
      alarm: () => {},
      ended: (end) => this.#ended(connection, end),
    });
    this.#sessions.set(connection, pump);
    pump.start();
  }

  async #dialServer(): Promise<Connection> {
    const { server, encryptionDisabled, clientId, keys } = this.#options;
    if (encryptionDisabled) {
      return await dial(server, { timeoutMs: CONNECT_TIMEOUT_MS });
    }
    const privateKey = keys.readClientKey();
    const serverKey = keys.readServerPublicKey();
    const raw = await dial(server, { timeoutMs: CONNECT_TIMEOUT_MS });
    return await dialSecureSession(raw, {
      clientId,
      privateKey,
      serverKey,
      timeoutMs: CONNECT_TIMEOUT_MS,
    });
  }

  #ended(connection: Connection, end: PumpEnd): void {
    const { log } = this.#options;
    if (end.error) {
      log.error("Error from connection with AcraServer", {
        code: EVENT.connectionNotStarted,
        error: end.reason,
      });
    } else {
      log.debug("Connection closed", { error: end.reason });
    }
    this.#forget(connection);
  }

  #forget(connection: Connection): void {
    this.#sessions.delete(connection);
    if (this.#sessions.size === 0) {
      this.#allEnded?.();
    }
  }
}
