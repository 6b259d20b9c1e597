/** Peels the transport off an accepted connection and tells whose connection it is. */

import { isValidClientId } from "../keystore/mod.ts";
import { EVENT } from "../log/mod.ts";
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
  const { transport, keys, tls } = options;
  switch (transport.kind) {
    case "raw":
      return { clientId: transport.clientId, connection };
    case "tls":
      return await acceptTlsTransport(connection, tls, transport.clientId, timeoutMs);
    case "secure-session":
      return await acceptSecureSession(connection, {
        findServerKey: (clientId) => keys.findServerTransportKey(clientId),
        findConnectorKey: (clientId) => keys.findConnectorPublicKey(clientId),
        isValidId: isValidClientId,
        timeoutMs,
      });
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

/** Logs why a connection was not let in; one that ended before its handshake is nobody's worry. */
export function reportRefusal(error: unknown, { log, metrics }: Refused): void {
  const reason = error instanceof HandshakeError || error instanceof TlsError ? error.reason : null;
  if (reason !== null) {
    metrics?.handshakeFailed(reason);
  }
  const message = error instanceof Error ? error.message : String(error);
  if (reason === "closed") {
    log.debug("Connection closed before the handshake", { error: message });
  } else {
    log.error("Can't wrap connection from acra-connector", {
      code: EVENT.handshakeFailed,
      error: message,
    });
  }
}
