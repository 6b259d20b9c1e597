/** Peels the transport off an accepted connection and tells whose connection it is. */

import { isValidClientId } from "../keystore/mod.ts";
import { describeError, EVENT } from "../log/mod.ts";
import { timeStep } from "../metrics/mod.ts";
import {
  acceptSecureSession,
  acceptTls,
  type CertificateIdentifier,
  type Connection,
  HandshakeError,
  readClientId,
  TlsError,
  type TlsHandshake,
} from "../transport/mod.ts";
import type { ServerOptions, ServerTls } from "./options.ts";

const REFUSED = "Can't wrap connection from acra-connector";

/** A connection whose client id is known: authenticated, or given by the settings for raw ones. */
export interface IdentifiedConnection {
  readonly clientId: string;
  readonly connection: Connection;
}

/**
 * Runs the handshake of the configured transport.
 * @throws HandshakeError or TlsError when it fails; the connection is closed then.
 */
export async function acceptTransport(
  connection: Connection,
  options: ServerOptions,
  timeoutMs: number,
): Promise<IdentifiedConnection> {
  const { transport, keys, tls, metrics } = options;
  switch (transport.kind) {
    case "raw":
      return { clientId: transport.clientId, connection };
    case "tls":
      return await timeStep(metrics, "client", "handshake", () =>
        acceptTlsTransport(connection, tls, transport.clientId, timeoutMs),
      );
    case "secure-session":
      return await timeStep(metrics, "client", "handshake", () =>
        acceptSecureSession(connection, {
          findServerKey: (clientId) => keys.findServerTransportKey(clientId),
          findConnectorKey: (clientId) => keys.findConnectorPublicKey(clientId),
          isValidId: isValidClientId,
          timeoutMs,
        }),
      );
  }
}

async function acceptTlsTransport(
  base: Connection,
  { server, identifier }: ServerTls,
  clientId: string,
  timeoutMs: number,
): Promise<IdentifiedConnection> {
  if (server === null) {
    throw new TypeError("TLS transport needs a certificate");
  }
  const { connection, peer } = await acceptTls(base, server, { timeoutMs });
  return { clientId: identify(peer, identifier, connection) ?? clientId, connection };
}

/**
 * The client id that a certificate gives, or `null` when the settings ask for none.
 * @throws TlsError when there is no id in it; the connection is closed then.
 */
export function identify(
  { certificate }: TlsHandshake,
  identifier: CertificateIdentifier | null,
  connection: Connection,
): string | null {
  if (identifier === null) {
    return null;
  }
  const id = certificate === null ? null : readClientId(certificate, identifier);
  if (id === null) {
    connection.abort();
    throw new TlsError(certificate === null ? "no-certificate" : "no-identity");
  }
  return id;
}

/** Where a refusal is told. */
type Refused = Pick<ServerOptions, "log" | "metrics">;

/** Logs why a peer was not let in; one that left before it said who it is is nobody's worry. */
export function reportRefusal(error: unknown, peer: string, { log, metrics }: Refused): void {
  const fields = { peer, ...describeError(error) };
  if (error instanceof HandshakeError || error instanceof TlsError) {
    metrics?.handshakeFailed(error.reason);
  }
  if (isProbe(error)) {
    log.debug("Connection closed before the handshake", fields);
  } else if (error instanceof HandshakeError && error.reason === "keys") {
    log.error(REFUSED, { code: EVENT.keyUnreadable, ...fields, ...describeCause(error) });
  } else {
    log.error(REFUSED, { code: EVENT.handshakeFailed, ...fields });
  }
}

function isProbe(error: unknown): boolean {
  if (error instanceof HandshakeError) {
    return error.reason === "closed" && error.announcedId === undefined;
  }
  return error instanceof TlsError && error.reason === "closed";
}

/** What is wrong with a key: its file is named there. */
function describeCause({ message, cause }: HandshakeError): { readonly error?: string } {
  return cause instanceof Error ? { error: `${message}: ${cause.message}` } : {};
}
