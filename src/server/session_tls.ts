/** TLS on the legs of one session, as the database protocol asks for it (acra-proxy.md §5.2). */

import { EVENT } from "../log/mod.ts";
import type { SecuredLeg } from "../pipeline/mod.ts";
import type { StartTls } from "../proxy/mod.ts";
import {
  acceptTls,
  type Connection,
  startTls,
  TlsError,
  type TlsHandshake,
} from "../transport/mod.ts";
import { identify } from "./accept_transport.ts";
import type { ServerOptions } from "./options.ts";

/** Name that PostgreSQL wants where TLS begins without an SSLRequest. */
const DIRECT_PROTOCOLS = ["postgresql"];

/** Who a session serves: a certificate may tell while it runs already. */
export interface ClientIdentity {
  clientId: string;
}

type Options = Pick<ServerOptions, "tls" | "transport" | "log" | "metrics">;

/** Makes what a pump needs to speak TLS on its legs. */
export function createStartTls(
  options: Options,
  identity: ClientIdentity,
  timeoutMs: number,
): StartTls {
  const { tls, transport } = options;
  // Who came through a Secure Session has proved his id already.
  const identifier = transport.kind === "raw" ? tls.identifier : null;
  return async (side, base, { head, direct }) => {
    const limits = { timeoutMs, head, alpn: direct ? DIRECT_PROTOCOLS : [] };
    try {
      if (side === "database") {
        const { connection, peer } = await startTls(base, tls.database, limits);
        return { connection, leg: { ownCertificate: null, peerCertificate: toDer(peer) } };
      }
      if (tls.server === null) {
        throw new TypeError("TLS towards the client needs a certificate");
      }
      const { connection, peer } = await acceptTls(base, tls.server, limits);
      identity.clientId = identify(peer, identifier, connection) ?? identity.clientId;
      return { connection, leg: describeClient(tls.server.certificate, peer) };
    } catch (error) {
      report(error, side, base, options);
      throw error;
    }
  };
}

function describeClient(ownCertificate: Uint8Array, peer: TlsHandshake): SecuredLeg {
  return { ownCertificate, peerCertificate: toDer(peer) };
}

function toDer({ certificate }: TlsHandshake): Uint8Array | null {
  return certificate === null ? null : new Uint8Array(certificate.raw);
}

function report(
  error: unknown,
  side: "client" | "database",
  { peer }: Connection,
  { log, metrics }: Options,
): void {
  if (!(error instanceof TlsError)) {
    return;
  }
  metrics?.handshakeFailed(side === "client" ? error.reason : `database-${error.reason}`);
  const fields = { code: EVENT.protocolTlsNotSetUp, error: error.message, connection_string: peer };
  if (side === "database") {
    log.error("Can't set up TLS with the database", fields);
  } else if (error.reason === "closed") {
    log.debug("Connection closed before the end of its TLS handshake", fields);
  } else {
    log.error("Can't set up TLS with the client", fields);
  }
}
