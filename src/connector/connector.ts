/** The running connector: one listener, one outgoing connection for each incoming one. */

import type { ConnectorKeys } from "../keystore/mod.ts";
import { EVENT, type Logger } from "../log/mod.ts";
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
  startTls,
  type TlsClientSetup,
  TlsError,
} from "../transport/mod.ts";
import { isOtherUser } from "./owner_check.ts";

/** Time for the connection to the server and, again, for the handshake, in ms. */
const CONNECT_TIMEOUT_MS = 10_000;

/** From where to where connections are carried. */
export interface Tunnel {
  readonly listen: Endpoint;
  readonly server: Endpoint;
}

/** How the connector speaks with the server (acra-formats.md §5.3–§5.5). */
export type ConnectorTransport =
  | { readonly kind: "secure-session" }
  | { readonly kind: "raw" }
  /** The names differ where data and HTTP API lie on different hosts. */
  | { readonly kind: "tls"; readonly data: TlsClientSetup; readonly api: TlsClientSetup };

/** Everything that `startConnector` needs. */
export interface ConnectorOptions {
  /** For the database protocol. */
  readonly data: Tunnel;
  /** For the server's HTTP API; `null` when it is not carried. */
  readonly api: Tunnel | null;
  readonly clientId: string;
  readonly transport: ConnectorTransport;
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

/** A connection that came in: through which tunnel, from whom, and where it is to go. */
interface Arrival {
  readonly kind: TunnelKind;
  readonly peer: PeerInfo;
  readonly server: Endpoint;
}

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
        void this.#accepted(connection, { kind, peer, server });
      },
      failed: (error) =>
        this.#options.log.error("System error: can't accept new connection", {
          code: EVENT.acceptFailed,
          error: error.message,
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

  async #accepted(connection: Connection, arrival: Arrival): Promise<void> {
    const { log } = this.#options;
    this.#sessions.set(connection, connection);
    try {
      await this.#connect(connection, arrival);
    } catch (error) {
      connection.abort();
      this.#forget(connection);
      if (error instanceof HandshakeError || error instanceof TlsError) {
        this.#options.metrics?.handshakeFailed(error.reason);
      }
      log.error("Can't connect to AcraServer", {
        code: EVENT.handshakeFailed,
        error: error instanceof Error ? error.message : String(error),
      });
    }
  }

  async #connect(connection: Connection, { kind, peer, server: target }: Arrival): Promise<void> {
    const { log, userCheckDisabled } = this.#options;
    if (!userCheckDisabled && !(await isOtherUser(peer))) {
      log.error("Client application and ssproxy need to be start from different users", {
        code: EVENT.sessionFailed,
      });
      connection.abort();
      this.#forget(connection);
      return;
    }
    const server = await this.#dialServer(kind, target);
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

  async #dialServer(kind: TunnelKind, server: Endpoint): Promise<Connection> {
    const { transport, clientId, keys } = this.#options;
    const timeoutMs = CONNECT_TIMEOUT_MS;
    switch (transport.kind) {
      case "raw":
        return await dial(server, { timeoutMs });
      case "tls": {
        const raw = await dial(server, { timeoutMs });
        return (await startTls(raw, transport[kind], { timeoutMs })).connection;
      }
      case "secure-session": {
        const privateKey = keys.readClientKey();
        const serverKey = keys.readServerPublicKey();
        const raw = await dial(server, { timeoutMs });
        return await dialSecureSession(raw, { clientId, privateKey, serverKey, timeoutMs });
      }
    }
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
    this.#counted.get(connection)?.();
    this.#counted.delete(connection);
    if (this.#sessions.size === 0) {
      this.#allEnded?.();
    }
  }
}
