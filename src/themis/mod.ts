/**
 * The formats of Themis that Acra stands on: keys, key derivation, Secure Cell, Secure Message
 * and Secure Session (themis.md §2 to §6). Functions and state machines over byte arrays, without
 * clock or I/O.
 *
 * @module
 */

export {
  decodePrivateKey,
  decodePublicKey,
  generateKeyPair,
  generatePrivateKey,
  type KeyPair,
  type PrivateKey,
  type PrivateKeyBytes,
  type PublicKey,
  type PublicKeyBytes,
} from "./keys.ts";
export {
  hasCellForm,
  type OpenCellOptions,
  openCell,
  sealCell,
} from "./secure_cell.ts";
export { openMessage, sealMessage } from "./secure_message.ts";
export {
  RECORD_OVERHEAD,
  SecureSession,
  SecureSessionError,
  type SecureSessionErrorKind,
  type SecureSessionOptions,
} from "./session/mod.ts";
