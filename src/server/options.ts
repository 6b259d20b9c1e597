/** What a server needs to run: settings turned into parts, nothing of flags or files. */

import type { ConnectionLimits } from "../admission/mod.ts";
import type { ApiActions } from "../http_api/mod.ts";
import type { ServerKeys } from "../keystore/mod.ts";
import type { SummingLogger } from "../log/mod.ts";
import type { ServerMetrics } from "../metrics/mod.ts";
import type { ByteaFormat, CellMode, TlsPolicy } from "../pipeline/mod.ts";
import type {
  CertificateIdentifier,
  Endpoint,
  TlsClientSetup,
  TlsServerSetup,
} from "../transport/mod.ts";

/**
 * How peers reach the server and where the client id comes from (acra-formats.md §5.3–§5.5). A
 * certificate may give another one than the settings, where {@link ServerTls} says so.
 */
export type ServerTransport =
  | { readonly kind: "secure-session" }
  | { readonly kind: "raw" | "tls"; readonly clientId: string };

/** TLS on either side of the server; the same material serves transport and database protocol. */
export interface ServerTls {
  /** What connectors and clients are shown; `null` without a certificate: no TLS with them. */
  readonly server: TlsServerSetup | null;
  readonly database: TlsClientSetup;
  /** When TLS is spoken inside the database protocol (acra-proxy.md §5.1.8). */
  readonly policy: TlsPolicy;
  /** What of a client's certificate makes its client id; `null`: the settings do. */
  readonly identifier: CertificateIdentifier | null;
}

/** What happens when a poison record is read (acra-cli.md §7.5). */
export interface PoisonOptions {
  readonly detect: boolean;
  /** File to run, or an empty string. */
  readonly scriptFile: string;
  readonly shutdown: boolean;
}

/** The HTTP API (acra-formats.md §5.6). */
export interface ServerApi {
  readonly listen: Endpoint;
  /** Leaves nothing open but what zones need. */
  readonly zonesOnly: boolean;
  /** What the endpoints do; the server itself resets keys. */
  readonly actions: Omit<ApiActions, "resetKeys">;
  /** Resets those of other threads; resolves when all of them have done so. */
  readonly resetOtherKeys?: () => Promise<void>;
}

/** How long things may take, in ms; tests shorten them. */
export interface ServerTimeLimits {
  /** Until the connection to the database stands. */
  readonly connectMs: number;
  /** Handshake of the transport, on either listener. */
  readonly handshakeMs: number;
  /** From the first byte of the database protocol to the end of authentication. */
  readonly startupMs: number;
  /** Until the database closes the connection of a cancel request. */
  readonly cancelMs: number;
  /** A whole request to the HTTP API. */
  readonly requestMs: number;
}

/** Those of acra-proxy.md §5.1.6 and §5.2. */
const TIME_LIMITS: ServerTimeLimits = {
  connectMs: 10_000,
  handshakeMs: 10_000,
  startupMs: 60_000,
  cancelMs: 5_000,
  requestMs: 10_000,
};

/** The limits in force. */
export function timeLimitsOf({ timeLimits }: Pick<ServerOptions, "timeLimits">): ServerTimeLimits {
  return { ...TIME_LIMITS, ...timeLimits };
}

/** Everything that `startServer` needs. */
export interface ServerOptions {
  /** `null` when only others are to accept new sessions. */
  readonly listen: Endpoint | null;
  readonly database: Endpoint;
  /** `null` when there is no HTTP API. */
  readonly api: ServerApi | null;
  readonly transport: ServerTransport;
  readonly tls: ServerTls;
  readonly keys: ServerKeys;
  /** Whether AcraStructs are opened by zone, and by nothing else (acra-formats.md §2.3). */
  readonly zoneMode: boolean;
  readonly cellMode: CellMode;
  readonly byteaFormat: ByteaFormat;
  readonly poison: PoisonOptions;
  /** How long running sessions may take to end at a stop, in ms. */
  readonly closeTimeoutMs: number;
  readonly connectionLimits: ConnectionLimits;
  /** Other limits than the usual ones. */
  readonly timeLimits?: Partial<ServerTimeLimits>;
  /** `null` when nobody wants to see counts. */
  readonly metrics: ServerMetrics | null;
  readonly log: SummingLogger;
}
