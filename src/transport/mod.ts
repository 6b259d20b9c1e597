/**
 * Connections: listening, dialling, and Secure Session or TLS over them. Everybody above sees a
 * {@link Connection}, a stream of plain bytes with backpressure, whatever lies beneath.
 *
 * @module
 */

export type { Connection, ConnectionHandler } from "./connection.ts";
export {
  countAbandonedDials,
  countAbandonedDialsIn,
  type DialOptions,
  dial,
} from "./dial.ts";
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
export {
  CERTIFICATE_IDENTIFIERS,
  type CertificateIdentifier,
  readClientId,
} from "./tls/client_identity.ts";
export { acceptTls, type SecuredConnection, startTls, type TlsOptions } from "./tls/open_tls.ts";
export type { TlsHandshake } from "./tls/tls_connection.ts";
export { TlsError, type TlsFailure } from "./tls/tls_error.ts";
export {
  CLIENT_CERTIFICATE_POLICIES,
  type ClientCertificatePolicy,
  createTlsClientSetup,
  createTlsServerSetup,
  type ServerVerification,
  type TlsClientSetup,
  type TlsIdentity,
  type TlsMaterial,
  TlsMaterialError,
  type TlsServerSetup,
} from "./tls/tls_setup.ts";
