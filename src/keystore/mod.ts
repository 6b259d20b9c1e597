/**
 * Keys: where they lie, how they are read and made, and the master key that encrypts them
 * (acra-formats.md §4). Private keys leave this folder only as prepared objects.
 *
 * @module
 */

export { type ClientId, isAmbiguousClientId, isValidClientId } from "./client_id.ts";
export {
  isKeystoreError,
  MasterKeyError,
} from "./errors.ts";
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
export { removePrivateFile, replacePrivateFile } from "./filesystem/private_file.ts";
export {
  KEY_KINDS,
  type KeyFiles,
  type KeyKind,
  type KeyKindInfo,
  type OwnedKeyKind,
} from "./key_files.ts";
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
