/** What the content of key files tells: whether they open, belong together, and are a secret at all. */

import { DecryptError } from "../../crypto/mod.ts";
import { KeyUnreadableError } from "../errors.ts";
import { readAuthKeyFile } from "../filesystem/auth_key.ts";
import type { KeyFiles } from "../key_files.ts";
import { findPairFiles, formatKeyId, type KeyName } from "../key_id.ts";
import type { MasterKey } from "../master_key.ts";
import type { Finding } from "./finding.ts";
import type { FolderEntry } from "./folder_entries.ts";
import { type InspectedPair, inspectPair } from "./inspect_pair.ts";

/** Looks into every current key of the folder. */
export function checkPairs(
  folder: string,
  entries: readonly FolderEntry[],
  masterKey: MasterKey | null,
): readonly Finding[] {
  const current = entries.filter(({ isOld }) => !isOld);
  const keys = new Map<string, KeyName>();
  for (const { key } of current) {
    if (key !== null) {
      keys.set(formatKeyId(key.kind, key.id), key);
    }
  }
  const findings = [...keys.values()].flatMap((key) => {
    const files = findPairFiles(key);
    return files === null
      ? checkAuthKey(folder)
      : describePair(files, inspectPair(folder, files, masterKey));
  });
  const isClosed = masterKey === null && current.some(isSealed);
  return isClosed ? [...findings, NOT_CHECKED] : findings;
}

const NOT_CHECKED: Finding = {
  severity: "warning",
  kind: "not-checked",
  file: ".",
  message: "private keys were not opened: ACRA_MASTER_KEY is not set",
  hint: "set it to see whether they open and fit their public keys",
};

/** Whether it is a private key, in use, that the master key encrypts. */
export function isSealed({ key, half, isOld }: FolderEntry): boolean {
  return key !== null && key.kind !== "webconfig-auth" && half === "private" && !isOld;
}

function describePair(files: KeyFiles, pair: InspectedPair): readonly Finding[] {
  const findings: Finding[] = pair.unusable.map(({ name, error }) => ({
    severity: "fault",
    kind: error.cause instanceof DecryptError ? "does-not-open" : "unreadable",
    file: name,
    message: error.message,
    hint: error.hint,
  }));
  if (pair.state === "do not fit") {
    findings.push({
      severity: "fault",
      kind: "does-not-fit",
      file: files.publicName,
      message: `it is not the public twin of ${files.privateName}`,
      hint: "what is made with it cannot be opened; bring the pair back from a copy",
    });
  }
  const isHalf = pair.state === "private only" || pair.state === "public only";
  if (files.kind === "poison" && isHalf) {
    const missing = pair.state === "private only" ? files.publicName : files.privateName;
    findings.push({
      severity: "fault",
      kind: "half-poison-pair",
      file: missing,
      message: `half of the poison key pair is missing, while the ${pair.state.replace(" only", " half")} is there`,
      hint: "bring it back from a copy; to start anew remove the other half (old records raise no alarm then)",
    });
  }
  if (pair.isExample) {
    findings.push({
      severity: "fault",
      kind: "example-key",
      file: pair.state === "private only" ? files.privateName : files.publicName,
      message: "it is a key of keys.example, which the whole world has",
      hint: "make your own with `acra keys layout`",
    });
  }
  return findings;
}

function checkAuthKey(folder: string): readonly Finding[] {
  try {
    readAuthKeyFile(folder);
    return [];
  } catch (error) {
    if (!(error instanceof KeyUnreadableError)) {
      throw error;
    }
    const { message, hint } = error;
    return [{ severity: "fault", kind: "unreadable", file: "auth_key", message, hint }];
  }
}
