/** Everything that lies in a key folder, and what each name says it is (acra-formats.md §4.1). */

import { readdirSync, type Stats, statSync } from "node:fs";
import { join } from "node:path";
import { KeystoreError } from "../errors.ts";
import { ownerOf } from "../filesystem/list_keys.ts";
import { reasonOf } from "../filesystem/read_key_file.ts";
import { POISON_FILES } from "../key_files.ts";
import type { KeyName } from "../key_id.ts";

/** A file or folder. */
export interface FolderEntry {
  /** In the key folder: `shop_storage.old/2026-01-02T03:04:05`. */
  readonly name: string;
  readonly isFolder: boolean;
  /** Permission bits. */
  readonly mode: number;
  /** Of its owner; `null` when that cannot be found out. */
  readonly uid: number | null;
  /** Size of a file in bytes. */
  readonly size: number;
  /** The key, by its name; `null` when it is none. */
  readonly key: KeyName | null;
  readonly half: "private" | "public";
  /** A key that was replaced. */
  readonly isOld: boolean;
}

const OLD_SUFFIX = ".old";
const PUBLIC_SUFFIX = ".pub";
const POISON_FOLDER = POISON_FILES.privateName.slice(0, POISON_FILES.privateName.indexOf("/"));

/**
 * All entries, sorted by name, those of the poison folder and of folders of old keys included.
 * @throws KeystoreError when the folder cannot be listed.
 */
export function listEntries(folder: string): readonly FolderEntry[] {
  const entries: FolderEntry[] = [];
  for (const name of listNames(folder)) {
    entries.push(describe(folder, name));
    if (name === POISON_FOLDER) {
      entries.push(...listPoison(folder));
    } else if (name.endsWith(OLD_SUFFIX)) {
      entries.push(...listOld(folder, name));
    }
  }
  return entries;
}

function listPoison(folder: string): FolderEntry[] {
  return listNamesIfReadable(join(folder, POISON_FOLDER)).flatMap((child) => {
    const name = `${POISON_FOLDER}/${child}`;
    return [describe(folder, name), ...(child.endsWith(OLD_SUFFIX) ? listOld(folder, name) : [])];
  });
}

/** Old keys are named after the moment they were replaced; what they are is the name of their folder. */
function listOld(folder: string, parent: string): FolderEntry[] {
  return listNamesIfReadable(join(folder, parent)).map((child) =>
    describe(folder, `${parent}/${child}`, parent.slice(0, -OLD_SUFFIX.length)),
  );
}

function describe(folder: string, name: string, oldName?: string): FolderEntry {
  const keyName = oldName ?? name;
  const stats = statIfPossible(join(folder, name));
  const isPublic = keyName.endsWith(PUBLIC_SUFFIX);
  const isFolder = stats?.isDirectory() === true;
  return {
    name,
    isFolder,
    mode: (stats?.mode ?? 0) & 0o777,
    uid: stats?.uid ?? null,
    size: stats?.size ?? 0,
    key: isFolder ? null : ownerOf(isPublic ? keyName.slice(0, -PUBLIC_SUFFIX.length) : keyName),
    half: isPublic ? "public" : "private",
    isOld: oldName !== undefined,
  };
}

function statIfPossible(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    // Such as a folder that may be listed and not entered: reading the file tells what is wrong.
    return undefined;
  }
}

/** What cannot be listed below the key folder is reported by its mode, or when its keys are read. */
function listNamesIfReadable(folder: string): readonly string[] {
  try {
    return listNames(folder);
  } catch {
    return [];
  }
}

function listNames(folder: string): readonly string[] {
  try {
    return readdirSync(folder).toSorted();
  } catch (cause) {
    throw new KeystoreError(
      `Cannot list the key folder ${folder}: ${reasonOf(cause)}`,
      "name a folder of keys that the user who runs this may read",
      { cause },
    );
  }
}
