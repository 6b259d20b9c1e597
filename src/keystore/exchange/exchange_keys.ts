/** Single keys in and out of a key folder: public halves to hand out and take in, containers to look at. */

import { join } from "node:path";
import type { PrivateKeyBytes, PublicKey } from "../../themis/mod.ts";
import { KeyNotFoundError, KeystoreError } from "../errors.ts";
import { keepOldKey, readClock } from "../filesystem/old_keys.ts";
import { openPrivateKey, openPublicKey } from "../filesystem/open_key_file.ts";
import { checkPrivatePermissions, type KeyFile, readKeyFile } from "../filesystem/read_key_file.ts";
import { StagedFile } from "../filesystem/staged_file.ts";
import { fingerprintOf } from "../fingerprint.ts";
import type { KeyFiles } from "../key_files.ts";
import type { MasterKey } from "../master_key.ts";

const PUBLIC_MODE = 0o644;

/**
 * The public half of a pair; made from the private one when only that is here and a master key is given.
 * @throws KeyNotFoundError or KeyUnreadableError.
 */
export function readPublicHalf(
  folder: string,
  files: KeyFiles,
  masterKey: MasterKey | null,
): PublicKey {
  const publicFile = readKeyFile(join(folder, files.publicName));
  if (publicFile !== null) {
    return openPublicKey(publicFile);
  }
  const privateFile = masterKey === null ? null : readKeyFile(join(folder, files.privateName));
  if (masterKey === null || privateFile === null) {
    throw new KeyNotFoundError(files.kind, files.id ?? "", join(folder, files.publicName));
  }
  return openPrivateKey(privateFile, files.context, masterKey).publicKey;
}

/**
 * The decrypted container of a private key: for its owner, who has the master key. The caller wipes it.
 * @throws KeyNotFoundError or KeyUnreadableError.
 */
export function readPrivateContainer(
  folder: string,
  files: KeyFiles,
  masterKey: MasterKey,
): PrivateKeyBytes {
  const path = join(folder, files.privateName);
  const file = readKeyFile(path);
  if (file === null) {
    throw new KeyNotFoundError(files.kind, files.id ?? "", path);
  }
  checkPrivatePermissions(file);
  // Says in its own words when the master key or the file is not the right one.
  openPrivateKey(file, files.context, masterKey);
  return masterKey.open(file.bytes, files.context) as PrivateKeyBytes;
}

/** What became of a public key that was taken in. */
export interface ImportedKey {
  readonly outcome: "added" | "replaced" | "known";
  readonly place: string;
  /** Where the key that stood there is kept, or `null`. */
  readonly keptPlace: string | null;
}

/** How to take in a public key. */
export interface ImportOptions {
  /** Whether another key may be replaced; it is kept. */
  readonly replace: boolean;
  /** Needed where the private twin lies in the same folder. */
  readonly masterKey: MasterKey | null;
}

/**
 * Writes a public key to its place.
 * @throws KeystoreError when another key stands there, or when the private key beside it has another twin.
 */
export function importPublicKey(
  folder: string,
  files: KeyFiles,
  publicKey: PublicKey,
  options: ImportOptions,
): ImportedKey {
  const place = join(folder, files.publicName);
  const known = readKeyFile(place);
  if (known !== null && isSame(known, publicKey)) {
    return { outcome: "known", place, keptPlace: null };
  }
  const privateFile = readKeyFile(join(folder, files.privateName));
  if (privateFile !== null) {
    checkTwin(privateFile, files, publicKey, options.masterKey);
  }
  if (known !== null && !options.replace) {
    throw new KeystoreError(
      `${place} holds another public key`,
      "ask its owner which one is right; --force replaces it (the old one is kept)",
    );
  }
  const staged = new StagedFile(place, publicKey.container, PUBLIC_MODE);
  try {
    const keptPlace = known === null ? null : keepOldKey(place, readClock());
    staged.replace();
    return { outcome: known === null ? "added" : "replaced", place, keptPlace };
  } finally {
    staged.discard();
  }
}

function isSame(file: KeyFile, publicKey: PublicKey): boolean {
  try {
    return fingerprintOf(openPublicKey(file)) === fingerprintOf(publicKey);
  } catch {
    return false;
  }
}

function checkTwin(
  file: KeyFile,
  files: KeyFiles,
  publicKey: PublicKey,
  masterKey: MasterKey | null,
): void {
  if (masterKey === null) {
    throw new KeystoreError(
      `${file.path} lies in the same folder, and only the master key tells whether this is its twin`,
      "set ACRA_MASTER_KEY, or name the folder of a holder that has the public key only",
    );
  }
  const twin = openPrivateKey(file, files.context, masterKey).publicKey;
  if (fingerprintOf(twin) !== fingerprintOf(publicKey)) {
    throw new KeystoreError(
      `${file.path} has another public key`,
      "what is made with this one could not be opened with it; look whether the key id is right",
    );
  }
}
