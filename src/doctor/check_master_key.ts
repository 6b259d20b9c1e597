/** Whether there is a master key at all. Whether it is the right one, the keys tell. */

import { type MasterKey, MasterKeyError, readMasterKey } from "../keystore/mod.ts";
import { type CheckReport, errorAt } from "./finding.ts";

const VARIABLE = "ACRA_MASTER_KEY";

/** The report, and the key for the checks that need it. */
export interface MasterKeyReport {
  readonly report: CheckReport;
  readonly masterKey: MasterKey | null;
}

/** Looks into the environment. */
export function checkMasterKey(env: Readonly<Record<string, string | undefined>>): MasterKeyReport {
  const check = "master key";
  try {
    const masterKey = readMasterKey(env);
    return { report: { check, facts: [`${VARIABLE} holds one`], findings: [] }, masterKey };
  } catch (error) {
    if (!(error instanceof MasterKeyError)) {
      throw error;
    }
    const finding = error.isMissing
      ? errorAt(
          VARIABLE,
          "it is not set: no private key can be opened",
          "set it to the key that these key files were made with, as in `export ACRA_MASTER_KEY=$(base64 -w0 FILE)`; a service gets it from its unit or secret, not from your shell",
        )
      : errorAt(VARIABLE, error.message, error.hint);
    return { report: { check, facts: [], findings: [finding] }, masterKey: null };
  }
}
