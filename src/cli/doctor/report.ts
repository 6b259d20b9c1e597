/** What `acra doctor` prints: what is well in one line each, every finding with its fix, and a verdict. */

import type { CheckReport, Finding } from "../../doctor/mod.ts";
import type { CommandContext } from "../command.ts";
import { toLine } from "../failure.ts";
import { takesColours } from "../usage.ts";

/** Specification: colours of a terminal. */
const COLOURS = { ok: 32, warning: 33, error: 31 } as const;

type Word = keyof typeof COLOURS;

/** What is printed of a host. */
export interface HostReport {
  readonly host: "server" | "connector";
  readonly reports: readonly CheckReport[];
  /** What was not looked at, and how to have it looked at. */
  readonly notes: readonly string[];
}

/** What root may do says little of the user of a service. */
const AS_ROOT =
  "run as root, who may read everything: run it as the user of the service to see what that one may";

/** Prints the report; gives the exit code: 1 when there is a finding. */
export function printReport(context: CommandContext, found: HostReport, asJson: boolean): number {
  const { stdout, env } = context;
  const report = process.getuid?.() === 0 ? { ...found, notes: [...found.notes, AS_ROOT] } : found;
  const findings = report.reports.flatMap((each) => each.findings);
  stdout.write(
    asJson ? formatJson(report) : formatText(report, findings, takesColours(stdout, env)),
  );
  return findings.length === 0 ? 0 : 1;
}

function formatJson({ host, reports, notes }: HostReport): string {
  const findings = reports.flatMap(({ check, findings: found }) =>
    found.map(({ severity, where, what, fix }) => ({
      Severity: severity,
      Check: check,
      Where: where,
      What: what,
      Fix: fix,
    })),
  );
  return `${JSON.stringify({
    Host: host,
    OK: findings.length === 0,
    Findings: findings,
    Facts: reports.flatMap(({ check, facts }) =>
      facts.map((fact) => ({ Check: check, Fact: fact })),
    ),
    Notes: notes,
  })}\n`;
}

function formatText(
  { host, reports, notes }: HostReport,
  findings: readonly Finding[],
  coloured: boolean,
): string {
  const paint = (word: Word) => (coloured ? `\x1b[${COLOURS[word]}m${word}\x1b[39m` : word);
  const lines = reports.flatMap(({ check, facts, findings: found }) => [
    ...facts.map((fact) => `${paint("ok")}: ${toLine(`${check}: ${fact}`)}`),
    ...found.flatMap(({ severity, where, what, fix }) => [
      `${paint(severity)}: ${toLine(`${check}: ${where}: ${what}`)}`,
      `  fix: ${toLine(fix)}`,
    ]),
  ]);
  const all = [...lines, ...notes.map((note) => `note: ${toLine(note)}`)];
  return `${all.join("\n")}\n\n${verdict(host, findings)}\n`;
}

function verdict(host: string, findings: readonly Finding[]): string {
  const errors = findings.filter(({ severity }) => severity === "error").length;
  const warnings = findings.length - errors;
  const parts = [
    ...(errors > 0 ? [count(errors, "error")] : []),
    ...(warnings > 0 ? [count(warnings, "warning")] : []),
  ];
  return findings.length === 0
    ? `the ${host}'s host: nothing is wrong`
    : `the ${host}'s host: ${parts.join(", ")}`;
}

function count(number: number, word: string): string {
  return `${number} ${word}${number === 1 ? "" : "s"}`;
}
