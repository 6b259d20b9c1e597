/** Looks at the two halves of a key pair without using them: readable, of one pair, known to the world? */

import { join } from "node:path";
import type { PrivateKey, PublicKey } from "../../themis/mod.ts";
import { KeyUnreadableError } from "../errors.ts";
import { isExampleKey } from "../example_keys.ts";
import { openPrivateKey, openPublicKey } from "../filesystem/open_key_file.ts";
import { type KeyFile, readKeyFile } from "../filesystem/read_key_file.ts";
import { fingerprintOf } from "../fingerprint.ts";
import type { KeyFiles } from "../key_files.ts";
import type { MasterKey } from "../master_key.ts";

/** What is known of both halves together. `unknown`: one of them could not be opened. */
export type PairState =
  | "fit"
  | "do not fit"
  | "private only"
  | "public only"
  | "unknown"
  | "missing";

/** A half that cannot be used. */
export interface UnusableHalf {
  readonly half: "private" | "public";
  /** In the folder. */
  readonly name: string;
  readonly error: KeyUnreadableError;
}

/** What was found. */
export interface InspectedPair {
  readonly state: PairState;
  /** Of the public key, or of the private key's public twin; `null` when neither can be read. */
  readonly fingerprint: string | null;
  readonly unusable: readonly UnusableHalf[];
  /** One of `keys.example`. */
  readonly isExample: boolean;
}

/** Tags that tell a key container from a sealed file. */
const PRIVATE_TAG = "REC2";

/** Inspects a pair in a folder; private halves stay closed without a master key. Throws nothing for files. */
export function inspectPair(
  folder: string,
  files: KeyFiles,
  masterKey: MasterKey | null,
): InspectedPair {
  const unusable: UnusableHalf[] = [];
  const attempt = <Value>(half: UnusableHalf["half"], name: string, read: () => Value) => {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof KeyUnreadableError)) {
        throw error;
      }
      unusable.push({ half, name, error });
      return "unusable" as const;
    }
  };
  const privateHalf = attempt("private", files.privateName, () =>
    readPrivate(join(folder, files.privateName), files, masterKey),
  );
  const publicHalf = attempt("public", files.publicName, () =>
    readPublic(join(folder, files.publicName)),
  );
  const known = [publicHalf, privateHalf].find((half) => half !== null && typeof half === "object");
  const publicKey = known === undefined ? null : publicKeyOf(known);
  return {
    state: judge(privateHalf, publicHalf),
    fingerprint: publicKey === null ? null : fingerprintOf(publicKey),
    unusable,
    isExample: publicKey !== null && isExampleKey(publicKey.container),
  };
}

type Half<Key> = Key | "closed" | "unusable" | null;

function judge(privateHalf: Half<PrivateKey>, publicHalf: Half<PublicKey>): PairState {
  if (privateHalf === null || publicHalf === null) {
    if (privateHalf === publicHalf) {
      return "missing";
    }
    return privateHalf === null ? "public only" : "private only";
  }
  if (typeof privateHalf === "string" || typeof publicHalf === "string") {
    return "unknown";
  }
  const twin = fingerprintOf(privateHalf.publicKey);
  return twin === fingerprintOf(publicHalf) ? "fit" : "do not fit";
}

function publicKeyOf(key: PrivateKey | PublicKey): PublicKey {
  return "publicKey" in key ? key.publicKey : key;
}

function readPrivate(path: string, files: KeyFiles, masterKey: MasterKey | null): Half<PrivateKey> {
  const file = readKeyFile(path);
  if (file === null) {
    return null;
  }
  if (startsWithPrivateTag(file)) {
    throw new KeyUnreadableError(
      path,
      `${path} holds a private key that is not encrypted`,
      "whoever sees the file has the key: replace it, and everything that was made with it",
    );
  }
  return masterKey === null ? "closed" : openPrivateKey(file, files.context, masterKey);
}

function readPublic(path: string): Half<PublicKey> {
  const file = readKeyFile(path);
  if (file === null) {
    return null;
  }
  if (startsWithPrivateTag(file)) {
    throw new KeyUnreadableError(
      path,
      `${path} holds a private key, not encrypted, under the name of a public one`,
      "whoever got this file has the key: replace it, and everything that was made with it",
    );
  }
  return openPublicKey(file);
}

/** Whether a file holds a private key that no master key encrypts; `false` when it cannot be read. */
export function holdsOpenPrivateKey(path: string): boolean {
  try {
    const file = readKeyFile(path);
    return file !== null && startsWithPrivateTag(file);
  } catch {
    return false;
  }
}

function startsWithPrivateTag(file: KeyFile): boolean {
  return (
    new TextDecoder("latin1").decode(file.bytes.subarray(0, PRIVATE_TAG.length)) === PRIVATE_TAG
  );
}
