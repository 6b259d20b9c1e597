/**
 * Keys: where they lie, how they are read and made, and the master key that encrypts them
 * (acra-formats.md §4). Private keys leave this folder only as prepared objects, save for
 * `readPrivateContainer`, which serves the owner of the master key.
 *
 * @module
 */

export { type ClientId, isAmbiguousClientId, isValidClientId } from "./client_id.ts";
export {
  isKeystoreError,
  MasterKeyError,
} from "./errors.ts";
export { findKeyPlaces, type KeyPlaces, removeKeyPlaces } from "./exchange/destroy_key.ts";
export {
  type ImportedKey,
  type ImportOptions,
  importPublicKey,
  readPrivateContainer,
  readPublicHalf,
} from "./exchange/exchange_keys.ts";
export {
  formatPublicKeyBundle,
  type NamedPublicKey,
  parsePublicKeys,
} from "./exchange/public_key_bundle.ts";
export { readAuthKey } from "./filesystem/auth_key.ts";
export {
  FilesystemConnectorKeys,
  type FilesystemConnectorKeysOptions,
} from "./filesystem/filesystem_connector_keys.ts";
export {
  FilesystemKeyMaker,
  type FilesystemKeyMakerOptions,
} from "./filesystem/filesystem_key_maker.ts";
export {
  FilesystemKeystore,
  type FilesystemKeystoreOptions,
} from "./filesystem/filesystem_keystore.ts";
export {
  type LaidOutFile,
  type LayoutComponent,
  type LayoutOptions,
  layOutKeys,
} from "./filesystem/layout.ts";
export { type ListedKey, listKeys } from "./filesystem/list_keys.ts";
export { writeMasterKeyFile } from "./filesystem/master_key_file.ts";
export {
  removePrivateFile,
  replacePrivateFile,
  replacePublicFile,
} from "./filesystem/private_file.ts";
export { fingerprintOf } from "./fingerprint.ts";
export {
  type CheckOptions,
  type CheckResult,
  checkKeyFolder,
} from "./inspection/check_key_folder.ts";
export type { Finding, FindingKind } from "./inspection/finding.ts";
export type { Holder } from "./inspection/holders.ts";
export { type InspectedPair, inspectPair, type PairState } from "./inspection/inspect_pair.ts";
export {
  KEY_KINDS,
  type KeyFiles,
  type KeyKind,
  type KeyKindInfo,
  type OwnedKeyKind,
} from "./key_files.ts";
export { findPairFiles, formatKeyId, KEY_ID_FORMS, type KeyName, parseKeyId } from "./key_id.ts";
export type {
  ConnectorKeys,
  KeyMaker,
  MadePair,
  MadeZone,
  MakeOptions,
  ServerKeys,
  StagedPair,
} from "./keystore.ts";
export { MasterKey, readMasterKey } from "./master_key.ts";
