/** Reports of what the parts of the command line itself refuse: settings, and how they go together. */

import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
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

/** Certificates that end soon, or have ended. That a file cannot be read, others say. */
export function findEnding(values: Readonly<Record<string, unknown>>): readonly Finding[] {
  return ["tls_cert", "tls_client_cert", "tls_database_cert"].flatMap((name) => {
    const path = values[name];
    const warning = typeof path === "string" && path !== "" ? readEnd(path) : null;
    return warning === null
      ? []
      : [warningAt(`--${name}=${String(path)}`, warning, "replace the file before that day")];
  });
}

function readEnd(path: string): string | null {
  try {
    return warnOfEnd(new X509Certificate(readFileSync(path)));
  } catch {
    return null;
  }
}
