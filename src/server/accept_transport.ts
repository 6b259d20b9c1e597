/** Peels the transport off an accepted connection and tells whose connection it is. */

import { isValidClientId } from "../keystore/mod.ts";
import { describeError, EVENT } from "../log/mod.ts";
import { acceptSecureSession, type Connection, HandshakeError } from "../transport/mod.ts";
import type { ServerOptions } from "./options.ts";

/** A connection whose client id is known: authenticated, or given by the settings for raw ones. */
export interface IdentifiedConnection {
  readonly clientId: string;
  readonly connection: Connection;
}

/**
 * Runs the handshake of the configured transport.
 * @throws HandshakeError when it fails; the connection is closed then.
 */
export async function acceptTransport(
  connection: Connection,
  options: ServerOptions,
  timeoutMs: number,
): Promise<IdentifiedConnection> {
  const { transport, keys } = options;
  switch (transport.kind) {
    case "raw":
      return { clientId: transport.clientId, connection };
    case "secure-session":
      return await acceptSecureSession(connection, {
        findServerKey: (clientId) => keys.findServerTransportKey(clientId),
        findConnectorKey: (clientId) => keys.findConnectorPublicKey(clientId),
        isValidId: isValidClientId,
        timeoutMs,
      });
  }
}

const REFUSED = "Can't wrap connection from acra-connector";

/** Where a refusal is told. */
type Refused = Pick<ServerOptions, "log" | "metrics">;

/** Logs why a peer was not let in; one that left before it said who it is is nobody's worry. */
export function reportRefusal(error: unknown, peer: string, { log, metrics }: Refused): void {
  if (error instanceof HandshakeError) {
    metrics?.handshakeFailed(error.reason);
  }
  const fields = { peer, ...describeError(error) };
  if (!(error instanceof HandshakeError)) {
    log.error(REFUSED, { code: EVENT.handshakeFailed, ...fields });
  } else if (error.reason === "closed" && error.announcedId === undefined) {
    log.debug("Connection closed before the handshake", fields);
  } else if (error.reason === "keys") {
    log.error(REFUSED, { code: EVENT.keyUnreadable, ...fields, ...describeCause(error) });
  } else {
    log.error(REFUSED, { code: EVENT.handshakeFailed, ...fields });
  }
}

/** What is wrong with a key: its file is named there. */
function describeCause({ message, cause }: HandshakeError): { readonly error?: string } {
  return cause instanceof Error ? { error: `${message}: ${cause.message}` } : {};
}
