/** Whether the alarm for poison records could go off, and whether its script could run. */

import { accessSync, constants, statSync } from "node:fs";
import { listKeys } from "../keystore/mod.ts";
import { type CheckReport, errorAt, type Finding, warningAt } from "./finding.ts";

const WRITABLE_BY_OTHERS = 0o022;

/** What the settings say of poison records. */
export interface PoisonToCheck {
  readonly folder: string;
  readonly detect: boolean;
  /** Or an empty string. */
  readonly scriptFile: string;
  readonly shutdown: boolean;
}

/** Checks key and script. */
export function checkPoison(options: PoisonToCheck): CheckReport {
  const { folder, detect, scriptFile, shutdown } = options;
  const check = "poison records";
  if (!detect) {
    const isLost = scriptFile !== "" || shutdown;
    const finding = warningAt(
      "--poison_detect_enable",
      "nobody looks for poison records, so neither the script nor the shutdown will ever happen",
      "set --poison_detect_enable, or leave out what should follow",
    );
    const facts = isLost ? [] : ["they are not looked for (--poison_detect_enable=false)"];
    return { check, facts, findings: isLost ? [finding] : [] };
  }
  const findings = [
    ...(isKeyMissing(folder) ? [missingKey(folder)] : []),
    ...(scriptFile === "" ? [] : checkScript(scriptFile)),
  ];
  const facts = findings.length === 0 ? ["they are looked for"] : [];
  return { check, facts, findings };
}

/** That the folder cannot be looked into, the check of the keys says. */
function isKeyMissing(folder: string): boolean {
  try {
    accessSync(folder, constants.R_OK | constants.X_OK);
  } catch {
    return false;
  }
  return !listKeys(folder).some((key) => key.kind === "poison" && key.privateName !== null);
}

function missingKey(folder: string): Finding {
  return warningAt(
    folder,
    "poison records are looked for and there is no poison key: no alarm can go off",
    `make the key and a record with \`acra poisonrecordmaker --keys_dir=${folder}\` and plant the record in your tables; or set --poison_detect_enable=false`,
  );
}

function checkScript(path: string): Finding[] {
  const setting = `--poison_run_script_file=${path}`;
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats?.isFile() !== true) {
    return [errorAt(setting, "there is no such file", "correct the path of the script")];
  }
  const findings: Finding[] = [];
  try {
    accessSync(path, constants.X_OK);
  } catch {
    findings.push(errorAt(setting, "this user may not run it", `chmod u+x ${path}`));
  }
  if ((stats.mode & WRITABLE_BY_OTHERS) !== 0) {
    findings.push(
      errorAt(
        setting,
        "other users can change it, and so run what they like as the server",
        `chmod go-w ${path}`,
      ),
    );
  }
  return findings;
}
