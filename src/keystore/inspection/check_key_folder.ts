/** Whether a key folder is fit for its holder: everything there, nothing too open, nothing too much. */

import type { ClientId } from "../client_id.ts";
import type { MasterKey } from "../master_key.ts";
import { checkEntries, checkFolderItself } from "./check_entries.ts";
import { checkPairs, isSealed } from "./check_pairs.ts";
import { findMissing } from "./find_missing.ts";
import type { Finding } from "./finding.ts";
import { type FolderEntry, listEntries } from "./folder_entries.ts";
import type { Holder } from "./holders.ts";

/** What is to be checked. */
export interface CheckOptions {
  readonly folder: string;
  readonly holder: Holder;
  /** Without it private keys stay closed, and a warning says so. */
  readonly masterKey: MasterKey | null;
  /** A client that has to have everything; without it, those whose keys are found. */
  readonly clientId: ClientId | null;
  /** Whether keys of Secure Session are needed: not with raw transport or TLS. */
  readonly transportKeys: boolean;
}

/** What was found. */
export interface CheckResult {
  /** Faults first. */
  readonly findings: readonly Finding[];
  /** How many keys there are, half pairs included. */
  readonly keys: number;
  /** How many private key files the master key has to open. */
  readonly sealedKeys: number;
}

/**
 * Checks a folder. A file that cannot be read is a finding.
 * @throws KeystoreError when the folder is none or cannot be listed.
 */
export function checkKeyFolder(options: CheckOptions): CheckResult {
  const { folder, holder } = options;
  const ownFindings = checkFolderItself(folder, holder);
  const entries = listEntries(folder);
  const findings = [
    ...ownFindings,
    ...findMissing(entries, options),
    ...checkEntries(folder, entries, holder),
    ...checkPairs(folder, entries, options.masterKey),
  ];
  return {
    findings: findings.toSorted(faultsFirst),
    keys: countKeys(entries),
    sealedKeys: entries.filter(isSealed).length,
  };
}

function faultsFirst(a: Finding, b: Finding): number {
  return Number(a.severity === "warning") - Number(b.severity === "warning");
}

function countKeys(entries: readonly FolderEntry[]): number {
  const names = entries.flatMap(({ key, isOld }) =>
    key === null || isOld ? [] : [`${key.kind} ${key.id ?? ""}`],
  );
  return new Set(names).size;
}
