/** The running connector: one listener, one outgoing connection for each incoming one. */

import { type ConnectorKeys, isKeystoreError } from "../keystore/mod.ts";
import { describeError, EVENT, type Logger } from "../log/mod.ts";
import type { ProgramMetrics } from "../metrics/mod.ts";
import { PassThroughSession, Pump, type PumpEnd } from "../proxy/mod.ts";
import {
  type Connection,
  dial,
  dialSecureSession,
  type Endpoint,
  formatEndpoint,
  HandshakeError,
  type Listener,
  listen,
  type PeerInfo,
} from "../transport/mod.ts";
import { isOtherUser } from "./owner_check.ts";

/** Time for the connection to the server and, again, for the handshake, in ms. */
const CONNECT_TIMEOUT_MS = 10_000;

/** From where to where connections are carried. */
export interface Tunnel {
  readonly listen: Endpoint;
  readonly server: Endpoint;
}

/** Everything that `startConnector` needs. */
export interface ConnectorOptions {
  /** For the database protocol. */
  readonly data: Tunnel;
  /** For the server's HTTP API; `null` when it is not carried. */
  readonly api: Tunnel | null;
  readonly clientId: string;
  /** Raw transport: no encryption between connector and server. */
  readonly encryptionDisabled: boolean;
  readonly userCheckDisabled: boolean;
  readonly keys: ConnectorKeys;
  readonly log: Logger;
  /** How long running sessions may take to end at a stop, in ms. */
  readonly closeTimeoutMs: number;
  /** `null` when nobody wants to see counts. */
  readonly metrics: ProgramMetrics | null;
}

/** A connector that accepts connections. */
export interface RunningConnector {
  /** Where it listens, as a connection string. */
  readonly address: string;
  /** Where it listens for the HTTP API; `null` when it does not. */
  readonly apiAddress: string | null;
  readonly sessionCount: number;
  /** Stops accepting, waits for sessions, cuts what is left; resolves with how many were cut. */
  drain(): Promise<number>;
  /** Cuts everything at once. */
  stop(): void;
}

/**
 * Starts listening.
 * @throws Error when an address cannot be listened on.
 */
export async function startConnector(options: ConnectorOptions): Promise<RunningConnector> {
  const connector = new Connector(options);
  await connector.listen();
  return connector;
}

/** How the log names what comes in. */
const TUNNEL_NAMES = { data: "AcraConnector", api: "http API" } as const;
/** How the metrics name it. */
const COUNTED_AS = { data: "db", api: "api" } as const;

type TunnelKind = keyof typeof TUNNEL_NAMES;

/** Anything that can be cut: a connection being set up, later its pump. */
interface Cuttable {
  abort(reason: string): void;
}

class Connector implements RunningConnector {
  readonly #options: ConnectorOptions;
  readonly #sessions = new Map<Connection, Cuttable>();
  readonly #listeners = new Map<TunnelKind, Listener>();
  /** What tells the metrics that a connection is over. */
  readonly #counted = new Map<Connection, () => void>();
  #stopping = false;
  #allEnded: (() => void) | null = null;

  constructor(options: ConnectorOptions) {
    this.#options = options;
  }

  get address(): string {
    return this.#addressOf("data") ?? formatEndpoint(this.#options.data.listen);
  }

  get apiAddress(): string | null {
    return this.#addressOf("api");
  }

  get sessionCount(): number {
    return this.#sessions.size;
  }

  async listen(): Promise<void> {
    const { data, api } = this.#options;
    try {
      await this.#open("data", data);
      if (api !== null) {
        await this.#open("api", api);
      }
    } catch (error) {
      this.#closeListeners();
      throw error;
    }
  }

  async drain(): Promise<number> {
    this.#stopping = true;
    this.#closeListeners();
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
    this.#closeListeners();
    for (const session of this.#sessions.values()) {
      session.abort("the connector stops");
    }
  }

  async #open(kind: TunnelKind, { listen: endpoint, server }: Tunnel): Promise<void> {
    const listener = await listen(endpoint, {
      accepted: (connection, peer) => {
        if (this.#stopping) {
          connection.abort();
          return;
        }
        this.#options.log.info(`Got new connection to ${TUNNEL_NAMES[kind]}: ${connection.peer}`);
        const counted = this.#options.metrics?.connectionStarted(COUNTED_AS[kind]);
        if (counted !== undefined) {
          this.#counted.set(connection, counted);
        }
        void this.#accepted(connection, peer, server);
      },
      failed: (error) =>
        this.#options.log.error("System error: can't accept new connection", {
          code: EVENT.acceptFailed,
          connection_string: formatEndpoint(endpoint),
          ...describeError(error),
        }),
    });
    this.#listeners.set(kind, listener);
  }

  #addressOf(kind: TunnelKind): string | null {
    const listener = this.#listeners.get(kind);
    return listener === undefined ? null : formatEndpoint(listener.endpoint);
  }

  #closeListeners(): void {
    for (const listener of this.#listeners.values()) {
      listener.close();
    }
  }

  async #accepted(connection: Connection, peer: PeerInfo, server: Endpoint): Promise<void> {
    const { log } = this.#options;
    this.#sessions.set(connection, connection);
    try {
      await this.#connect(connection, peer, server);
    } catch (error) {
      connection.abort();
      this.#forget(connection);
      if (error instanceof HandshakeError) {
        this.#options.metrics?.handshakeFailed(error.reason);
      }
      log.error("Can't connect to AcraServer", {
        code: codeOf(error),
        connection_string: formatEndpoint(server),
        peer: connection.peer,
        ...describeError(error),
      });
    }
  }

  async #connect(connection: Connection, peer: PeerInfo, target: Endpoint): Promise<void> {
    const { log, userCheckDisabled } = this.#options;
    if (!userCheckDisabled && !(await isOtherUser(peer))) {
      log.error("Client application and ssproxy need to be start from different users", {
        code: EVENT.sessionFailed,
        peer: connection.peer,
      });
      connection.abort();
      this.#forget(connection);
      return;
    }
    const server = await this.#dialServer(target);
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
      meter: this.#options.metrics,
      ended: (end) => this.#ended(connection, end),
    });
    this.#sessions.set(connection, pump);
    pump.start();
  }

  async #dialServer(server: Endpoint): Promise<Connection> {
    const { encryptionDisabled, clientId, keys } = this.#options;
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
    const fields = { peer: connection.peer, error: end.reason };
    if (end.error) {
      const code = EVENT.connectionNotStarted;
      log.error("Error from connection with AcraServer", { code, ...fields });
    } else {
      log.debug("Connection closed", fields);
    }
    this.#forget(connection);
  }

  #forget(connection: Connection): void {
    this.#sessions.delete(connection);
    this.#counted.get(connection)?.();
    this.#counted.delete(connection);
    if (this.#sessions.size === 0) {
      this.#allEnded?.();
    }
  }
}

function codeOf(error: unknown): number {
  if (error instanceof HandshakeError) {
    return EVENT.handshakeFailed;
  }
  return isKeystoreError(error) ? EVENT.keyUnreadable : EVENT.connectionNotStarted;
}
