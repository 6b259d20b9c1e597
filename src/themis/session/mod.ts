/**
 * Secure Session: handshake and data records as a state machine over byte arrays (themis.md §6).
 *
 * @module
 */

export { RECORD_OVERHEAD } from "./record_layer.ts";
export { SecureSession } from "./secure_session.ts";
export { SecureSessionError, type SecureSessionErrorKind } from "./session_error.ts";
export type { SecureSessionOptions } from "./session_machine.ts";
