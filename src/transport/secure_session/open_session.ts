/** Setting up a Secure Session on a connection that has just been accepted or dialled (acra-formats.md §5.3). */

import type { Connection } from "../connection.ts";
import {
  type AcceptingKeys,
  type CarriageOptions,
  type ConnectingKeys,
  SecureCarriage,
} from "./carriage.ts";
import { HandshakeError } from "./handshake_error.ts";
import { SecureConnection } from "./secure_connection.ts";

const HANDSHAKE_TIMEOUT_MS = 10_000;

interface TimeLimit {
  /** How long the whole handshake may take, in ms; 10 s unless given. */
  readonly timeoutMs?: number;
}

/** Keys and limits of the accepting side. */
export interface AcceptSecureSessionOptions extends AcceptingKeys, CarriageOptions, TimeLimit {}

/** Keys and limits of the connecting side. */
export interface DialSecureSessionOptions extends ConnectingKeys, CarriageOptions, TimeLimit {}

/** An authenticated peer. */
export interface AcceptedSecureSession {
  /** The client id, proved by the peer and not only announced. */
  readonly clientId: string;
  /** Plain bytes to and from the peer; reads nothing until it is started. */
  readonly connection: Connection;
}

/**
 * Waits for a connector's handshake on a connection that nobody has started yet.
 * @throws HandshakeError when it fails; the connection is closed then, without a byte. `closed` with
 *   no announced id is what port scanners and health checks leave behind.
 */
export async function acceptSecureSession(
  connection: Connection,
  options: AcceptSecureSessionOptions,
): Promise<AcceptedSecureSession> {
  const carriage = SecureCarriage.accept(options, options);
  const secure = new SecureConnection(connection, carriage);
  await secure.handshake(null, options.timeoutMs ?? HANDSHAKE_TIMEOUT_MS);
  const { clientId } = carriage;
  if (clientId === null) {
    throw new HandshakeError("malformed");
  }
  return { clientId, connection: secure };
}

/**
 * Makes the connector's handshake on a connection that nobody has started yet.
 * @throws HandshakeError when it fails; the connection is closed then.
 */
export async function dialSecureSession(
  connection: Connection,
  options: DialSecureSessionOptions,
): Promise<Connection> {
  const { carriage, opening } = SecureCarriage.connect(options, options);
  const secure = new SecureConnection(connection, carriage);
  await secure.handshake(opening, options.timeoutMs ?? HANDSHAKE_TIMEOUT_MS);
  return secure;
}
