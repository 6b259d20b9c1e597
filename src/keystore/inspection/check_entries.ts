/** What names, modes and owners tell: files that are too open, or that do not belong where they lie. */

import { type Stats, statSync } from "node:fs";
import { join } from "node:path";
import { KeystoreError } from "../errors.ts";
import {
  formatMode,
  isPrivateFileMode,
  isPrivateFolderMode,
  reasonOf,
} from "../filesystem/read_key_file.ts";
import { KEY_KINDS, type KeyKind } from "../key_files.ts";
import type { Finding } from "./finding.ts";
import type { FolderEntry } from "./folder_entries.ts";
import { DANGER, HOLDERS, type Holder } from "./holders.ts";
import { holdsOpenPrivateKey } from "./inspect_pair.ts";

const WRITABLE_BY_OTHERS = 0o022;
/** Ours and those of later versions begin so; a crash may leave one behind. */
const TEMPORARY_PREFIX = ".tmp-";
const MASTER_KEY_LENGTH = 32;

/**
 * The mode of the folder.
 * @throws KeystoreError when it is none.
 */
export function checkFolderItself(folder: string, holder: Holder): readonly Finding[] {
  const { mode } = statFolder(folder);
  if (holder === "writer") {
    return (mode & WRITABLE_BY_OTHERS) === 0
      ? []
      : [
          replaceable(
            ".",
            `other users can put their own keys into this folder (${formatMode(mode)})`,
          ),
        ];
  }
  return isPrivateFolderMode(mode)
    ? []
    : [
        {
          severity: "fault",
          kind: "too-open",
          file: ".",
          message: `the mode of the folder is ${formatMode(mode)} and has to be exactly 0700`,
          hint: `chmod 0700 ${folder}`,
        },
      ];
}

/** Every entry by itself. */
export function checkEntries(
  folder: string,
  entries: readonly FolderEntry[],
  holder: Holder,
): readonly Finding[] {
  const folderUid = statFolder(folder).uid;
  return entries.flatMap((entry) => {
    if (entry.key === null) {
      return checkOther(folder, entry);
    }
    return [
      ...(entry.half === "private"
        ? checkPrivate(entry, entry.key.kind, holder)
        : checkPublic(entry)),
      ...checkOwner(entry, folderUid),
    ];
  });
}

function checkPrivate(entry: FolderEntry, kind: KeyKind, holder: Holder): readonly Finding[] {
  const findings: Finding[] = [];
  const { mayHold, isExposed } = HOLDERS[holder];
  if (!mayHold.includes(kind)) {
    findings.push(
      isExposed
        ? {
            severity: "fault",
            kind: "misplaced",
            file: entry.name,
            message: `a ${holder}'s folder must not hold it: ${DANGER[kind]}`,
            hint: "remove it here; if anybody may have seen it, make the pair anew",
          }
        : {
            severity: "warning",
            kind: "misplaced",
            file: entry.name,
            message: `the ${holder} does not need this private key`,
            hint: `move it to the ${holderOf(kind)}'s folder`,
          },
    );
  }
  if (entry.uid !== null && !isPrivateFileMode(entry.mode)) {
    findings.push({
      severity: "fault",
      kind: "too-open",
      file: entry.name,
      message: `the mode of this private key is ${formatMode(entry.mode)} and has to be 0600 or 0400`,
      hint: "chmod 0600 the file; if other users may have copied it, make the pair anew",
    });
  }
  return findings;
}

function holderOf(kind: KeyKind): string {
  return kind === "poison" || kind === "webconfig-auth" ? "server" : KEY_KINDS[kind].privateHolder;
}

function checkPublic({ name, mode }: FolderEntry): readonly Finding[] {
  return (mode & WRITABLE_BY_OTHERS) === 0
    ? []
    : [
        replaceable(
          name,
          `other users can put their own public key in place of this one (${formatMode(mode)})`,
        ),
      ];
}

function replaceable(file: string, message: string): Finding {
  return { severity: "fault", kind: "too-open", file, message, hint: "chmod go-w it" };
}

/** A daemon that runs as the folder's owner could not read the file; root can read all. */
function checkOwner({ name, uid, half }: FolderEntry, folderUid: number): readonly Finding[] {
  if (half === "public" || uid === null || folderUid === 0 || uid === folderUid) {
    return [];
  }
  return [
    {
      severity: "fault",
      kind: "foreign-owner",
      file: name,
      message: `it belongs to user ${uid}, the folder to user ${folderUid}, who cannot read it`,
      hint: `chown ${folderUid} the file`,
    },
  ];
}

function checkOther(folder: string, entry: FolderEntry): readonly Finding[] {
  const { name, isFolder, size } = entry;
  if (isFolder) {
    return (entry.mode & WRITABLE_BY_OTHERS) === 0
      ? []
      : [
          replaceable(
            name,
            `other users can put files into this folder (${formatMode(entry.mode)})`,
          ),
        ];
  }
  if (holdsOpenPrivateKey(join(folder, name))) {
    return [
      {
        severity: "fault",
        kind: "misplaced",
        file: name,
        message: "it holds a private key that is not encrypted",
        hint: "remove it; if anybody may have seen it, make the pair anew",
      },
    ];
  }
  const unknown = { severity: "warning", kind: "unknown-file", file: name } as const;
  if (name.split("/").at(-1)?.startsWith(TEMPORARY_PREFIX)) {
    const message = "left behind by a program that was ended while it wrote a key";
    return [{ ...unknown, message, hint: "remove it once no such program runs" }];
  }
  if (size === MASTER_KEY_LENGTH) {
    const message = "it is as long as a master key, which must not lie beside the keys it encrypts";
    return [{ ...unknown, message, hint: "if it is one, keep it elsewhere" }];
  }
  return [{ ...unknown, message: "no key has such a name", hint: "remove it if nothing needs it" }];
}

function statFolder(folder: string): Stats {
  try {
    const stats = statSync(folder);
    if (stats.isDirectory()) {
      return stats;
    }
  } catch (cause) {
    throw new KeystoreError(
      `Cannot look at the key folder ${folder}: ${reasonOf(cause)}`,
      "name a folder of keys that the user who runs this may read",
      { cause },
    );
  }
  throw new KeystoreError(`${folder} is not a folder`, "name the folder that holds the keys");
}
