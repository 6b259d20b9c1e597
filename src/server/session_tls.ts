/** TLS on the legs of one session, as the database protocol asks for it (acra-proxy.md §5.2). */

import { describeError, EVENT, type LogFields } from "../log/mod.ts";
import { timeStep } from "../metrics/mod.ts";
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

/** Whom a session serves: a certificate may tell while it runs already. */
export class ClientIdentity {
  clientId: string;
  /** For log lines: with the id of the moment they are written. */
  readonly about: LogFields;

  constructor(clientId: string, peer: string) {
    this.clientId = clientId;
    const current = () => this.clientId;
    this.about = {
      get client_id() {
        return current();
      },
      peer,
    };
  }
}

type Options = Pick<ServerOptions, "tls" | "transport" | "log" | "metrics">;

/** Makes what a pump needs to speak TLS on its legs. */
export function createStartTls(
  options: Options,
  identity: ClientIdentity,
  timeoutMs: number,
): StartTls {
  const { tls, transport, metrics } = options;
  // Who came through a Secure Session has proved his id already.
  const identifier = transport.kind === "raw" ? tls.identifier : null;
  return async (side, base, { head, direct }) => {
    const limits = { timeoutMs, head, alpn: direct ? DIRECT_PROTOCOLS : [] };
    try {
      if (side === "database") {
        const { connection, peer } = await timeStep(metrics, "database", "handshake", () =>
          startTls(base, tls.database, limits),
        );
        return { connection, leg: { ownCertificate: null, peerCertificate: toDer(peer) } };
      }
      if (tls.server === null) {
        throw new TypeError("TLS towards the client needs a certificate");
      }
      const { server } = tls;
      const { connection, peer } = await timeStep(metrics, "client", "handshake", () =>
        acceptTls(base, server, limits),
      );
      identity.clientId = identify(peer, identifier, connection) ?? identity.clientId;
      return { connection, leg: describeClient(server.certificate, peer) };
    } catch (error) {
      report(error, side, base, identity, options);
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
  base: Connection,
  client: ClientIdentity,
  { log, metrics }: Options,
): void {
  if (!(error instanceof TlsError)) {
    return;
  }
  const { reason } = error;
  metrics?.handshakeFailed(side === "client" ? reason : `database-${reason}`);
  const fields = { ...client.about, code: EVENT.protocolTlsNotSetUp, ...describeError(error) };
  if (side === "database") {
    log.error("Can't set up TLS with the database", { ...fields, connection_string: base.peer });
  } else if (reason === "closed") {
    log.debug("Connection closed before the end of its TLS handshake", fields);
  } else {
    log.error("Can't set up TLS with the client", fields);
  }
}
