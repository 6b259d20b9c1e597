/** The key folder of a host: modes, owners, missing halves, keys that the master key does not open. */

import { join } from "node:path";
import {
  type CheckOptions,
  type CheckResult,
  checkKeyFolder,
  isKeystoreError,
  type Finding as KeyFinding,
  listKeys,
} from "../keystore/mod.ts";
import { type CheckReport, errorAt, type Finding, warningAt } from "./finding.ts";

/** What the host needs of its folder. */
export interface KeysToCheck extends CheckOptions {
  /** Rows are opened with the keys of zones. */
  readonly zoneMode: boolean;
}

/** Checks the folder; one that is missing is a finding too. */
export function checkKeys(options: KeysToCheck): CheckReport {
  const { folder, holder } = options;
  const check = "keys";
  let result: CheckResult;
  try {
    result = checkKeyFolder(options);
  } catch (error) {
    if (!isKeystoreError(error)) {
      throw error;
    }
    const fix = `${error.hint}; --keys_dir names it`;
    return { check, facts: [], findings: [errorAt(folder, error.message, fix)] };
  }
  const findings = [
    ...describe(result, options),
    ...(holder === "server" ? findMissingKind(options) : []),
  ];
  const facts = findings.some(({ severity }) => severity === "error")
    ? []
    : [`${folder}, for the ${holder}: ${result.keys} key${result.keys === 1 ? "" : "s"}`];
  return { check, facts, findings };
}

function describe({ findings, sealedKeys }: CheckResult, options: KeysToCheck): Finding[] {
  const { folder } = options;
  const misfits = findings.filter(({ kind }) => kind === "does-not-open");
  const isWrongKey = misfits.length > 0 && misfits.length === sealedKeys;
  const others = findings.filter(
    // What is not checked without a master key, the check of the master key has said.
    ({ kind }) => kind !== "not-checked" && !(isWrongKey && kind === "does-not-open"),
  );
  return [
    ...(isWrongKey ? [wrongMasterKey(folder, sealedKeys)] : []),
    ...others.map((finding) => translate(folder, finding)),
  ];
}

function wrongMasterKey(folder: string, keys: number): Finding {
  return errorAt(
    folder,
    `ACRA_MASTER_KEY is not the one that these keys were made with: it opens none of ${keys}`,
    "set the master key that was used when they were made; without it their data is lost, and a new pair opens nothing old",
  );
}

function translate(folder: string, { severity, file, message, hint }: KeyFinding): Finding {
  const where = file === "." ? folder : join(folder, file);
  return (severity === "fault" ? errorAt : warningAt)(where, message, namePath(hint, where));
}

/** A command of a hint as it can be pasted. */
function namePath(hint: string, path: string): string {
  return hint.replace(
    /^(ch(?:mod|own) \S+) (?:the file|it)\b/,
    (_, command) => `${command} ${path}`,
  );
}

/** A server that has keys, and none of the kind that it is to open rows with. */
function findMissingKind({ folder, zoneMode }: KeysToCheck): Finding[] {
  const isThere = (kind: string) =>
    listKeys(folder).some((key) => key.kind === kind && key.privateName !== null);
  if (zoneMode && !isThere("zone")) {
    return [
      errorAt(
        folder,
        "--zonemode_enable is on and no key of a zone is here: no row can be opened",
        `make a zone with \`acra addzone --keys_dir=${folder}\`, bring the keys of your zones here, or leave out --zonemode_enable`,
      ),
    ];
  }
  if (!zoneMode && isThere("zone") && !isThere("storage")) {
    return [
      errorAt(
        folder,
        "only keys of zones are here, and --zonemode_enable is off: no row can be opened",
        "start the server with --zonemode_enable",
      ),
    ];
  }
  return [];
}
