/**
 * The formats of Themis that Acra stands on: keys, key derivation, Secure Cell, Secure Message
 * (themis.md §2 to §5). Functions over byte arrays, without clock or I/O.
 *
 * @module
 */

export { kdf } from "./kdf.ts";
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
