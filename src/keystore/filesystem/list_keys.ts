/** Which keys a folder holds, by the names of its files: needs no master key (acra-cli.md §9.3, §16.3). */

import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { isValidClientId } from "../client_id.ts";
import { KeystoreError } from "../errors.ts";
import {
  AUTH_KEY_NAME,
  KEY_KINDS,
  keyFilesOf,
  type OwnedKeyKind,
  POISON_FILES,
} from "../key_files.ts";
import type { KeyName } from "../key_id.ts";
import { reasonOf } from "./read_key_file.ts";

/** A key, or the half of a pair that this folder has; its id is that of the client or zone. */
export type ListedKey = KeyName & {
  /** Names in the folder; `null` for a half that is not here. */
  readonly privateName: string | null;
  readonly publicName: string | null;
  /** When the newest of the files was written. */
  readonly time: Date;
};

/** Longest suffix first does not matter: no suffix ends another one. */
const SUFFIXED_KINDS: readonly OwnedKeyKind[] = [
  "server-transport",
  "translator-transport",
  "storage",
  "zone",
];

/**
 * All keys of a folder, by id and kind.
 * @throws KeystoreError when the folder cannot be listed.
 */
export function listKeys(folder: string): readonly ListedKey[] {
  const present = new Set(listFiles(folder));
  const keys: ListedKey[] = [];
  const seen = new Set<string>();
  for (const name of [...present].toSorted()) {
    const privateName = name.endsWith(".pub") ? name.slice(0, -".pub".length) : name;
    if (!seen.has(privateName)) {
      seen.add(privateName);
      keys.push(...describe(folder, privateName, present));
    }
  }
  return keys;
}

function describe(folder: string, name: string, present: ReadonlySet<string>): ListedKey[] {
  const owner = ownerOf(name);
  if (owner === null) {
    return [];
  }
  const publicName = `${name}.pub`;
  const names = [name, publicName].filter((file) => present.has(file));
  return [
    {
      ...owner,
      privateName: present.has(name) ? name : null,
      publicName: present.has(publicName) ? publicName : null,
      time: newestOf(names.map((file) => join(folder, file))),
    },
  ];
}

/**
 * The key whose private file has this name, `null` when there is none: the inverse of {@link keyFilesOf}. A
 * client whose own id ends in a suffix is taken for the other kind.
 */
export function ownerOf(name: string): KeyName | null {
  if (name === POISON_FILES.privateName) {
    return { kind: "poison", id: null };
  }
  if (name === AUTH_KEY_NAME) {
    return { kind: "webconfig-auth", id: null };
  }
  for (const kind of SUFFIXED_KINDS) {
    const id = name.slice(0, -KEY_KINDS[kind].suffix.length);
    if (name.endsWith(KEY_KINDS[kind].suffix) && isValidClientId(id)) {
      return { kind, id };
    }
  }
  return isValidClientId(name) ? { kind: "connector-transport", id: name } : null;
}

function listFiles(folder: string): string[] {
  const poison = [POISON_FILES.privateName, POISON_FILES.publicName];
  try {
    const names = readdirSync(folder, { withFileTypes: true })
      .filter((entry) => !entry.isDirectory())
      .map((entry) => entry.name);
    return [...names, ...poison.filter((name) => exists(join(folder, name)))];
  } catch (cause) {
    throw new KeystoreError(
      `Cannot list the key folder ${folder}: ${reasonOf(cause)}`,
      "name a folder of keys with --keys_dir, or make one with `acra keys gen`",
      { cause },
    );
  }
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

function newestOf(paths: readonly string[]): Date {
  const times = paths.map((path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0);
  return new Date(Math.max(...times));
}
