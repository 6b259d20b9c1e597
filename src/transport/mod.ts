/**
 * Connections: listening, dialling, and the Secure Session over them. Everybody above sees a
 * {@link Connection}, a stream of plain bytes with backpressure, whatever lies beneath.
 *
 * @module
 */

export type { Connection, ConnectionHandler } from "./connection.ts";
export { type DialOptions, dial } from "./dial.ts";
export { type Endpoint, EndpointError, formatEndpoint, parseEndpoint } from "./endpoint.ts";
export { type Listener, type ListenHandler, type ListenOptions, listen } from "./listen.ts";
export type { PeerInfo } from "./peer_info.ts";
export { isReset } from "./reset.ts";
export { HandshakeError, type HandshakeFailure } from "./secure_session/handshake_error.ts";
export {
  type AcceptedSecureSession,
  type AcceptSecureSessionOptions,
  acceptSecureSession,
  type DialSecureSessionOptions,
  dialSecureSession,
} from "./secure_session/open_session.ts";
export { findSocketOwner } from "./socket_owner.ts";
