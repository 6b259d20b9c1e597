/** The running connector: one listener, one outgoing connection for each incoming one. */

import {
  Ceiling,
  type ConnectionLimits,
  createRefusals,
  Gate,
  ownPlaces,
  type Places,
  type PortSharing,
  type ReportTooMany,
} from "../admission/mod.ts";
import { type ConnectorKeys, isKeystoreError } from "../keystore/mod.ts";
import { describeError, EVENT, type Logger } from "../log/mod.ts";
import { type ProgramMetrics, timeStep } from "../metrics/mod.ts";
import { PassThroughSession, Pump, type PumpEnd } from "../proxy/mod.ts";
import {
  type Connection,
  dial,
  dialSecureSession,
  type Endpoint,
  formatEndpoint,
  HandshakeError,
  type ListenHandler,
  type PeerInfo,
  startTls,
  type TlsClientSetup,
  TlsError,
} from "../transport/mod.ts";
import { isOtherUser } from "./owner_check.ts";

/** Time for the connection to the server and, again, for the handshake, in ms (acra-proxy.md §5.1.6). */
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
  readonly connectionLimits: ConnectionLimits;
  /** Another limit than 10 s for the connection to the server and, again, for the handshake, in ms. */
  readonly connectTimeoutMs?: number;
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
  /** Stops accepting; sessions go on. */
  close(): void;
  /**
   * Stops accepting and waits for sessions. Resolves with the number of those that still run when the
   * close timeout is over; `stop` cuts them.
   */
  drain(): Promise<number>;
  /** Cuts everything at once. */
  stop(): void;
}

/** What a connector has in common with those of other threads. */
export interface ConnectorSurroundings {
  readonly places: Places;
  readonly portSharing: PortSharing;
}

/**
 * Starts listening; the only one of its program unless `surroundings` say otherwise.
 * @throws Error when an address cannot be listened on.
 */
export async function startConnector(
  options: ConnectorOptions,
  surroundings: ConnectorSurroundings = { places: ownPlaces(), portSharing: "none" },
): Promise<RunningConnector> {
  const connector = new Connector(options, surroundings);
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
  readonly #gates = new Map<TunnelKind, Gate>();
  readonly #surroundings: ConnectorSurroundings;
  readonly #ceiling: Ceiling;
  readonly #tooMany: ReportTooMany;
  /** What has to be told that a connection is over. */
  readonly #leaving = new Map<Connection, () => void>();
  #stopping = false;
  #allEnded: (() => void) | null = null;

  constructor(options: ConnectorOptions, surroundings: ConnectorSurroundings) {
    this.#options = options;
    this.#surroundings = surroundings;
    const { places } = surroundings;
    this.#ceiling = new Ceiling(options.connectionLimits.sessions, places.of("connections"));
    this.#tooMany = createRefusals(options.log, options.metrics);
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

  close(): void {
    this.#stopping = true;
    this.#closeListeners();
  }

  async drain(): Promise<number> {
    this.close();
    if (this.#sessions.size > 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, this.#options.closeTimeoutMs);
        this.#allEnded = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    return this.#sessions.size;
  }

  stop(): void {
    this.close();
    for (const session of this.#sessions.values()) {
      session.abort("the connector stops");
    }
  }

  async #open(kind: TunnelKind, { listen: endpoint, server }: Tunnel): Promise<void> {
    const handler: ListenHandler = {
      accepted: (connection, peer) => {
        if (this.#letIn(connection, kind)) {
          void this.#accepted(connection, { kind, peer, server });
        } else {
          connection.abort();
        }
      },
      failed: (error) =>
        this.#options.log.error("System error: can't accept new connection", {
          code: EVENT.acceptFailed,
          connection_string: formatEndpoint(endpoint),
          ...describeError(error),
        }),
    };
    const sharing = kind === "data" ? this.#surroundings.portSharing : "none";
    const gate = new Gate({ handler, log: () => this.#options.log, sharing });
    this.#gates.set(kind, gate);
    (await gate.move(endpoint)).commit();
  }

  /** Whether there is a place for one more; it knows no protocol in which it could tell that there is none. */
  #letIn(connection: Connection, kind: TunnelKind): boolean {
    if (this.#stopping) {
      return false;
    }
    const leave = this.#ceiling.enter(this.#surroundings.places.countAbandonedDials());
    if (leave === null) {
      this.#tooMany(COUNTED_AS[kind], "limit");
      return false;
    }
    this.#options.log.info(`Got new connection to ${TUNNEL_NAMES[kind]}: ${connection.peer}`);
    const counted = this.#options.metrics?.connectionStarted(COUNTED_AS[kind]);
    this.#leaving.set(connection, () => {
      leave();
      counted?.();
    });
    return true;
  }

  #addressOf(kind: TunnelKind): string | null {
    const endpoint = this.#gates.get(kind)?.endpoint ?? null;
    return endpoint === null ? null : formatEndpoint(endpoint);
  }

  #closeListeners(): void {
    for (const gate of this.#gates.values()) {
      gate.close();
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
        code: codeOf(error),
        connection_string: formatEndpoint(arrival.server),
        peer: connection.peer,
        ...describeError(error),
      });
    }
  }

  async #connect(connection: Connection, { kind, peer, server: target }: Arrival): Promise<void> {
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
      meter: this.#options.metrics?.meterSession() ?? null,
      ended: (end) => this.#ended(connection, end),
    });
    this.#sessions.set(connection, pump);
    pump.start();
  }

  async #dialServer(kind: TunnelKind, server: Endpoint): Promise<Connection> {
    const { transport, clientId, keys, metrics } = this.#options;
    const timeoutMs = this.#options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS;
    const connect = () =>
      timeStep(metrics, "database", "connect", () => dial(server, { timeoutMs }));
    const shakeHands = (work: () => Promise<Connection>) =>
      timeStep(metrics, "database", "handshake", work);
    switch (transport.kind) {
      case "raw":
        return await connect();
      case "tls": {
        const raw = await connect();
        return await shakeHands(
          async () => (await startTls(raw, transport[kind], { timeoutMs })).connection,
        );
      }
      case "secure-session": {
        const privateKey = keys.readClientKey();
        const serverKey = keys.readServerPublicKey();
        const raw = await connect();
        return await shakeHands(() =>
          dialSecureSession(raw, { clientId, privateKey, serverKey, timeoutMs }),
        );
      }
    }
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
    this.#leaving.get(connection)?.();
    this.#leaving.delete(connection);
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
