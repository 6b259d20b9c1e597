/** The server's keys in a folder: acra-formats.md §4.4 to §4.6. */

import { statSync } from "node:fs";
import { dirname, join } from "node:path";
import { wipe } from "../../crypto/mod.ts";
import type { Logger } from "../../log/mod.ts";
import type { PrivateKey, PublicKey } from "../../themis/mod.ts";
import { isValidClientId } from "../client_id.ts";
import { KeyUnreadableError } from "../errors.ts";
import { type KeyFiles, keyFilesOf, type OwnedKeyKind, POISON_FILES } from "../key_files.ts";
import type { ServerKeys } from "../keystore.ts";
import { LruCache } from "../lru_cache.ts";
import type { MasterKey } from "../master_key.ts";
import { ExampleKeyAlarm } from "./example_key_alarm.ts";
import { checkFolder } from "./key_folder.ts";
import { listOldKeys } from "./old_keys.ts";
import { openPrivateKey, openPublicKey } from "./open_key_file.ts";
import {
  checkPrivatePermissions,
  formatMode,
  isPrivateFolderMode,
  readKeyFile,
} from "./read_key_file.ts";

/** What a keystore in a folder needs. */
export interface FilesystemKeystoreOptions {
  /** Folder of private keys; need not exist yet. */
  readonly folder: string;
  /** Folder of public keys, when it is another one. */
  readonly publicFolder?: string;
  readonly masterKey: MasterKey;
  /** Keys that are cached: 0 for all, −1 for none. */
  readonly cacheSize: number;
  readonly log: Logger;
}

/** Private keys lie in the cache the way they lie on the disk; who uses one keeps the prepared object alive. */
type CacheEntry =
  | { readonly half: "private"; readonly sealed: Uint8Array; prepared: WeakRef<PrivateKey> }
  | { readonly half: "public"; readonly key: PublicKey };

/** Key files in a folder, with a cache. */
export class FilesystemKeystore implements ServerKeys {
  readonly #folder: string;
  readonly #publicFolder: string;
  readonly #masterKey: MasterKey;
  readonly #log: Logger;
  readonly #cache: LruCache<CacheEntry>;
  readonly #alarm: ExampleKeyAlarm;
  #generation = 0;
  #poisonFolderChecked = false;

  /**
   * Checks the folder and warns about example keys in it.
   * @throws KeystoreError when the folder exists and its mode is not exactly 0700 (Linux).
   */
  constructor(options: FilesystemKeystoreOptions) {
    checkFolder(options.folder);
    this.#folder = options.folder;
    this.#publicFolder = options.publicFolder ?? options.folder;
    this.#masterKey = options.masterKey;
    this.#log = options.log;
    this.#cache = new LruCache<CacheEntry>(options.cacheSize, wipeEntry);
    this.#alarm = new ExampleKeyAlarm(options.log);
    this.#alarm.searchFolder(this.#publicFolder);
  }

  get generation(): number {
    return this.#generation;
  }

  findStorageKey(clientId: string): PrivateKey | null {
    return this.#findPrivateKey("storage", clientId);
  }

  findZoneKey(zoneId: string): PrivateKey | null {
    return this.#findPrivateKey("zone", zoneId);
  }

  /**
   * The keys that a zone had before, newest first; never cached. One that cannot be used is left out
   * with a warning: the others may do.
   */
  findOldZoneKeys(zoneId: string): readonly PrivateKey[] {
    if (!isValidClientId(zoneId)) {
      return [];
    }
    const files = keyFilesOf("zone", zoneId);
    const keys: PrivateKey[] = [];
    for (const path of listOldKeys(join(this.#folder, files.privateName))) {
      try {
        const file = readKeyFile(path);
        if (file !== null) {
          checkPrivatePermissions(file);
          keys.push(this.#open(file, files));
        }
      } catch (error) {
        if (!(error instanceof KeyUnreadableError)) {
          throw error;
        }
        this.#log.warning(error.message);
      }
    }
    return keys;
  }

  findServerTransportKey(clientId: string): PrivateKey | null {
    return this.#findPrivateKey("server-transport", clientId);
  }

  findConnectorPublicKey(clientId: string): PublicKey | null {
    if (!isValidClientId(clientId)) {
      return null;
    }
    const { publicName } = keyFilesOf("connector-transport", clientId);
    const cached = this.#cache.find(publicName);
    if (cached?.half === "public") {
      return cached.key;
    }
    const file = readKeyFile(join(this.#publicFolder, publicName));
    if (file === null) {
      return null;
    }
    const key = openPublicKey(file);
    this.#alarm.check(key);
    this.#cache.set(publicName, { half: "public", key });
    return key;
  }

  /** @throws KeyUnreadableError also when only the public half is there: no record would be recognised. */
  findPoisonKey(): PrivateKey | null {
    const path = join(this.#folder, POISON_FILES.privateName);
    const file = readKeyFile(path);
    if (file !== null) {
      this.#checkPoisonFolder(dirname(path));
      checkPrivatePermissions(file);
      return this.#open(file, POISON_FILES);
    }
    const publicPath = join(this.#publicFolder, POISON_FILES.publicName);
    if (readKeyFile(publicPath) !== null) {
      throw new KeyUnreadableError(
        path,
        `${path} is missing while ${publicPath} exists: poison records cannot be recognised`,
        "bring the private key back from a copy, or remove the public one to start anew",
      );
    }
    return null;
  }

  reset(): void {
    this.#cache.clear();
    this.#generation++;
  }

  #findPrivateKey(kind: OwnedKeyKind, clientId: string): PrivateKey | null {
    if (!isValidClientId(clientId)) {
      return null;
    }
    const files = keyFilesOf(kind, clientId);
    const path = join(this.#folder, files.privateName);
    const cached = this.#cache.find(files.privateName);
    if (cached?.half === "private") {
      const prepared = cached.prepared.deref();
      if (prepared !== undefined) {
        return prepared;
      }
      const key = this.#open({ path, bytes: cached.sealed }, files);
      cached.prepared = new WeakRef(key);
      return key;
    }
    const file = readKeyFile(path);
    if (file === null) {
      return null;
    }
    checkPrivatePermissions(file);
    const key = this.#open(file, files);
    const prepared = new WeakRef(key);
    this.#cache.set(files.privateName, { half: "private", sealed: file.bytes, prepared });
    return key;
  }

  #open(file: { readonly path: string; readonly bytes: Uint8Array }, files: KeyFiles): PrivateKey {
    const key = openPrivateKey(file, files.context, this.#masterKey);
    this.#alarm.check(key.publicKey);
    return key;
  }

  /** 0.82 did not look at this folder: a warning, once (§4.4). */
  #checkPoisonFolder(folder: string): void {
    const stats = this.#poisonFolderChecked
      ? undefined
      : statSync(folder, { throwIfNoEntry: false });
    this.#poisonFolderChecked = true;
    if (stats !== undefined && !isPrivateFolderMode(stats.mode)) {
      this.#log.warning(
        `folder ${folder} has incorrect permissions: ${formatMode(stats.mode)} in place of 0700`,
      );
    }
  }
}

function wipeEntry(entry: CacheEntry): void {
  if (entry.half === "private") {
    wipe(entry.sealed);
  }
}
