/** Reports of what the parts of the command line itself refuse: settings, and how they go together. */

import { X509Certificate } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { ConfigError } from "../../config/mod.ts";
import { type CheckReport, errorAt, type Finding, warningAt } from "../../doctor/mod.ts";
import type { Logger } from "../../log/mod.ts";
import type { CommandContext } from "../command.ts";
import { warnOfEnd } from "../tls/report.ts";

/** For parts that log what the report says anyway. */
export const SILENT: Logger = {
  debug: () => {},
  info: () => {},
  warning: () => {},
  error: () => {},
};

/** What is wrong with the settings, one by one. */
export function reportSettings({ complaints, configPath }: CommandContext): CheckReport {
  const start = `${configPath}: `;
  const findings = complaints.map(({ severity, message, hint }) => {
    const isOfFile = message.startsWith(start);
    const what = isOfFile ? message.slice(start.length) : message;
    return (severity === "error" ? errorAt : warningAt)(
      isOfFile ? configPath : "a value",
      what,
      hint,
    );
  });
  const facts = findings.length === 0 ? ["all are known, and no value is wrong"] : [];
  return { check: "settings", facts, findings };
}

/** Keeps what a part refuses as a finding of one check. */
export class Gathering {
  readonly #check: string;
  readonly #findings: Finding[] = [];

  constructor(check: string) {
    this.#check = check;
  }

  /** What `make` gives; `null` when it throws a ConfigError, which becomes a finding. */
  attempt<Value>(make: () => Value): Value | null {
    try {
      return make();
    } catch (error) {
      if (!(error instanceof ConfigError)) {
        throw error;
      }
      this.#findings.push(errorAt("the settings", error.message, error.hint));
      return null;
    }
  }

  add(finding: Finding): void {
    this.#findings.push(finding);
  }

  /** With `facts` when there was nothing to find. */
  report(facts: readonly string[]): CheckReport {
    const findings = this.#findings;
    return { check: this.#check, facts: findings.length === 0 ? facts : [], findings };
  }
}

const READABLE_BY_OTHERS = 0o007;

/** Certificates that end soon, or have ended, and private keys of theirs that everybody may read. */
export function findTlsFiles(values: Readonly<Record<string, unknown>>): readonly Finding[] {
  return ["tls", "tls_client", "tls_database"].flatMap((start) => [
    ...findIn(values, `${start}_cert`, findEnding),
    ...findIn(values, `${start}_key`, findOpenness),
  ]);
}

/** That a file cannot be read, others say. */
function findIn(
  values: Readonly<Record<string, unknown>>,
  name: string,
  find: (path: string, setting: string) => Finding | null,
): readonly Finding[] {
  const path = values[name];
  if (typeof path !== "string" || path === "") {
    return [];
  }
  try {
    const finding = find(path, `--${name}=${path}`);
    return finding === null ? [] : [finding];
  } catch {
    return [];
  }
}

function findEnding(path: string, setting: string): Finding | null {
  const warning = warnOfEnd(new X509Certificate(readFileSync(path)));
  return warning === null
    ? null
    : warningAt(setting, warning, "replace the file before that day, then reload or restart");
}

function findOpenness(path: string, setting: string): Finding | null {
  return (statSync(path).mode & READABLE_BY_OTHERS) === 0
    ? null
    : errorAt(setting, "everybody may read this private key", `chmod 0600 ${path}`);
}
