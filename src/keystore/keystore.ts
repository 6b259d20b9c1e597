/** What the programs ask of a keystore, whatever holds the keys (acra-formats.md §4.5, §4.6). */

import type { PrivateKey, PublicKey } from "../themis/mod.ts";
import type { ClientId } from "./client_id.ts";
import type { KeyFiles, OwnedKeyKind } from "./key_files.ts";

/**
 * Keys of the server. `null` means that there is no such key, and so does an id that is not valid;
 * that a key is missing is never remembered. A key that is there and cannot be used throws a
 * `KeyUnreadableError`.
 */
export interface ServerKeys {
  /** Grows with each `reset`: who holds keys looks again when it has changed. */
  readonly generation: number;
  /** Opens the AcraStructs of a client. */
  findStorageKey(clientId: string): PrivateKey | null;
  /** Opens the AcraStructs of a zone; who asks has found the id in a cell. */
  findZoneKey(zoneId: string): PrivateKey | null;
  /** Recognises poison records. Not cached: hold it for as long as a session lasts. */
  findPoisonKey(): PrivateKey | null;
  /** Proves the server to the connector of a client. */
  findServerTransportKey(clientId: string): PrivateKey | null;
  /** What the connector of a client proves itself with. */
  findConnectorPublicKey(clientId: string): PublicKey | null;
  /** Forgets every cached key; objects that were handed out stay usable. */
  reset(): void;
}

/** Keys of a connector, read anew for each connection. */
export interface ConnectorKeys {
  /**
   * The connector's own transport key.
   * @throws KeyNotFoundError or KeyUnreadableError.
   */
  readClientKey(): PrivateKey;
  /**
   * What the server has to prove itself with.
   * @throws KeyNotFoundError or KeyUnreadableError.
   */
  readServerPublicKey(): PublicKey;
}

/** A key pair that was made. */
export interface MadePair {
  readonly files: KeyFiles;
  readonly publicKey: PublicKey;
  /** Where the pair lies now: paths, or whatever names a place in another kind of keystore. */
  readonly privatePlace: string;
  readonly publicPlace: string;
  /** Where the replaced private key is kept; `null` when there was none. */
  readonly keptPlace: string | null;
}

/** Whether a key that exists may be replaced; the old one is kept either way. */
export interface MakeOptions {
  readonly replace: boolean;
}

/** A zone that was made; its private key is in the keystore. */
export interface MadeZone {
  readonly zoneId: string;
  readonly publicKey: PublicKey;
}

/** A new pair for a zone that exists; nothing of it is in the keystore yet. */
export interface StagedPair {
  /** What data has to be sealed for from now on. */
  readonly publicKey: PublicKey;
  /**
   * Puts the pair in its place and keeps the old one.
   * @throws KeystoreError when it cannot be written: the old pair is in its place then.
   */
  install(): MadePair;
}

/** Makes keys. All methods throw `KeystoreError` when a key exists, or when it cannot be written. */
export interface KeyMaker {
  /** Where the private key of this kind lies, or `null` when there is none. */
  findExisting(kind: OwnedKeyKind, id: ClientId): string | null;
  /** Where anything of the poison pair, or the web configuration's key, lies; `null` when nothing does. */
  findExistingShared(kind: "poison" | "webconfig-auth"): string | null;
  /** Makes a transport or storage key pair. */
  makePair(kind: OwnedKeyKind, id: ClientId, options: MakeOptions): MadePair;
  /** Makes a key pair for a new zone id. */
  makeZone(): MadeZone;
  /**
   * Prepares a new pair for a zone that has one.
   * @throws KeyNotFoundError when it has none.
   */
  stageZonePair(zoneId: ClientId): StagedPair;
  /** Makes the poison pair; half a pair is replaced only when `replace` says so. */
  makePoisonPair(options: MakeOptions): MadePair;
  /**
   * The poison public key, of a pair that is made when nothing of it exists.
   * @throws KeystoreError when half of the pair is missing or the halves do not belong together.
   */
  getPoisonPublicKey(): PublicKey;
  /** Makes the key of the web configuration's password file. */
  makeAuthKey(options: MakeOptions): { readonly place: string; readonly keptPlace: string | null };
}
