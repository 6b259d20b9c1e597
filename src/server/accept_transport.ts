/** Peels the transport off an accepted connection and tells whose connection it is. */

import { isValidClientId } from "../keystore/mod.ts";
import { EVENT } from "../log/mod.ts";
import { timeStep } from "../metrics/mod.ts";
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
  const { transport, keys, metrics } = options;
  switch (transport.kind) {
    case "raw":
      return { clientId: transport.clientId, connection };
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

/** Where a refusal is told. */
type Refused = Pick<ServerOptions, "log" | "metrics">;

/** Logs why a connection was not let in; one that ended before its handshake is nobody's worry. */
export function reportRefusal(error: unknown, { log, metrics }: Refused): void {
  if (error instanceof HandshakeError) {
    metrics?.handshakeFailed(error.reason);
  }
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof HandshakeError && error.reason === "closed") {
    log.debug("Connection closed before the handshake", { error: message });
  } else {
    log.error("Can't wrap connection from acra-connector", {
      code: EVENT.handshakeFailed,
      error: message,
    });
  }
}
