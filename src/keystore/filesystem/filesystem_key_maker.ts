/** Makes key files: acra-formats.md §4.1, §4.7, §3 (poison pair). */

import { existsSync } from "node:fs";
import { join } from "node:path";
import { equalBytes, randomBytes, wipe } from "../../crypto/mod.ts";
import { decodePublicKey, generateKeyPair, type PublicKey } from "../../themis/mod.ts";
import { generateZoneId } from "../../zones/mod.ts";
import { type ClientId, isValidClientId } from "../client_id.ts";
import { KeyNotFoundError, KeystoreError } from "../errors.ts";
import {
  AUTH_KEY_NAME,
  type KeyFiles,
  keyFilesOf,
  type OwnedKeyKind,
  POISON_FILES,
} from "../key_files.ts";
import type { KeyMaker, MadePair, MadeZone, MakeOptions, StagedPair } from "../keystore.ts";
import type { MasterKey } from "../master_key.ts";
import { installPair } from "./install_pair.ts";
import { checkFolder } from "./key_folder.ts";
import { keepOldKey, readClock } from "./old_keys.ts";
import { openPrivateKey, openPublicKey } from "./open_key_file.ts";
import { checkPrivatePermissions, readKeyFile } from "./read_key_file.ts";
import { alreadyExists, StagedFile } from "./staged_file.ts";

// Specification.
const SYMMETRIC_KEY_LENGTH = 32;
const PRIVATE_MODE = 0o600;

/** Where keys are made. */
export interface FilesystemKeyMakerOptions {
  /** For private keys; made when it does not exist. */
  readonly folder: string;
  /** For public keys, when it is another one. */
  readonly publicFolder?: string;
  readonly masterKey: MasterKey;
}

/** Makes keys in a folder. */
export class FilesystemKeyMaker implements KeyMaker {
  readonly #folder: string;
  readonly #publicFolder: string;
  readonly #masterKey: MasterKey;

  /** @throws KeystoreError when the folder exists and its mode is not exactly 0700 (Linux). */
  constructor(options: FilesystemKeyMakerOptions) {
    checkFolder(options.folder);
    this.#folder = options.folder;
    this.#publicFolder = options.publicFolder ?? options.folder;
    this.#masterKey = options.masterKey;
  }

  findExisting(kind: OwnedKeyKind, id: ClientId): string | null {
    const path = join(this.#folder, keyFilesOf(kind, id).privateName);
    return existsSync(path) ? path : null;
  }

  findExistingShared(kind: "poison" | "webconfig-auth"): string | null {
    const { privatePath, publicPath } = this.#pathsOf(POISON_FILES);
    const paths = kind === "poison" ? [privatePath, publicPath] : [this.#authKeyPath()];
    return paths.find((path) => existsSync(path)) ?? null;
  }

  makePair(kind: OwnedKeyKind, id: ClientId, options: MakeOptions): MadePair {
    return this.#makePair(keyFilesOf(kind, id), options);
  }

  makeZone(): MadeZone {
    for (;;) {
      const zoneId = generateZoneId();
      if (isValidClientId(zoneId) && this.findExisting("zone", zoneId) === null) {
        const pair = this.#stagePair(keyFilesOf("zone", zoneId), { replace: false });
        pair.install();
        return { zoneId, publicKey: pair.publicKey };
      }
    }
  }

  stageZonePair(zoneId: ClientId): StagedPair {
    if (this.findExisting("zone", zoneId) === null) {
      throw new KeyNotFoundError("zone", zoneId);
    }
    return this.#stagePair(keyFilesOf("zone", zoneId), { replace: true });
  }

  makePoisonPair(options: MakeOptions): MadePair {
    const { privatePath, publicPath } = this.#pathsOf(POISON_FILES);
    if (!options.replace && existsSync(publicPath) && !existsSync(privatePath)) {
      throw halfPair(privatePath, publicPath);
    }
    return this.#makePair(POISON_FILES, options);
  }

  getPoisonPublicKey(): PublicKey {
    const { privatePath, publicPath } = this.#pathsOf(POISON_FILES);
    if (!existsSync(privatePath) && !existsSync(publicPath)) {
      this.#makePair(POISON_FILES, { replace: false });
    }
    const privateFile = readKeyFile(privatePath);
    const publicFile = readKeyFile(publicPath);
    if (privateFile === null || publicFile === null) {
      throw privateFile === null
        ? halfPair(privatePath, publicPath)
        : halfPair(publicPath, privatePath);
    }
    checkPrivatePermissions(privateFile);
    const privateKey = openPrivateKey(privateFile, POISON_FILES.context, this.#masterKey);
    const publicKey = openPublicKey(publicFile);
    if (!equalBytes(privateKey.publicKey.container, publicKey.container)) {
      throw new KeystoreError(
        `${privatePath} and ${publicPath} do not belong together`,
        "records made with this public key would raise no alarm; bring the pair back from a copy",
      );
    }
    return publicKey;
  }

  makeAuthKey(options: MakeOptions): { readonly place: string; readonly keptPlace: string | null } {
    const place = this.#authKeyPath();
    const bytes = randomBytes(SYMMETRIC_KEY_LENGTH);
    let file: StagedFile | null = null;
    try {
      file = new StagedFile(place, bytes, PRIVATE_MODE);
      if (!options.replace) {
        file.create();
        return { place, keptPlace: null };
      }
      const keptPlace = keepOldKey(place, readClock());
      file.replace();
      return { place, keptPlace };
    } finally {
      file?.discard();
      wipe(bytes);
    }
  }

  #makePair(files: KeyFiles, options: MakeOptions): MadePair {
    const { privatePath } = this.#pathsOf(files);
    if (!options.replace && existsSync(privatePath)) {
      throw alreadyExists(privatePath);
    }
    return this.#stagePair(files, options).install();
  }

  /** Makes the pair in memory, its private half sealed already. */
  #stagePair(files: KeyFiles, { replace }: MakeOptions): StagedPair {
    const { privatePath, publicPath } = this.#pathsOf(files);
    const { privateKey, publicKey: publicBytes } = generateKeyPair();
    let privateBytes: Uint8Array;
    try {
      privateBytes = this.#masterKey.seal(privateKey, files.context);
    } finally {
      wipe(privateKey);
    }
    const halves = { privatePath, publicPath, privateBytes, publicBytes };
    const publicKey = decodePublicKey(publicBytes);
    return {
      publicKey,
      install: () => {
        const keptPlace = installPair({ ...halves, replace, time: readClock() });
        return { files, publicKey, privatePlace: privatePath, publicPlace: publicPath, keptPlace };
      },
    };
  }

  #authKeyPath(): string {
    return join(this.#folder, AUTH_KEY_NAME);
  }

  #pathsOf(files: KeyFiles): { readonly privatePath: string; readonly publicPath: string } {
    return {
      privatePath: join(this.#folder, files.privateName),
      publicPath: join(this.#publicFolder, files.publicName),
    };
  }
}

/** Making the missing half anew would silently disarm every record in the database (§3). */
function halfPair(missing: string, present: string): KeystoreError {
  return new KeystoreError(
    `Half of the poison key pair is missing: ${missing} does not exist while ${present} does`,
    "bring it back from a copy; to start anew, remove the other half (old records raise no alarm then)",
  );
}
