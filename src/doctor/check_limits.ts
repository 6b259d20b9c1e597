/** Whether as many connections fit into the open files of a process as are asked for. */

import { planConnections } from "../admission/mod.ts";
import { readOpenFilesLimit } from "../metrics/mod.ts";
import { type CheckReport, warningAt } from "./finding.ts";

/** Largest limit that is proposed. */
const LARGEST = 2 ** 24;

/** Looks at the limit of this process, which is that of a daemon started from the same shell or unit. */
export function checkLimits(asked: number, workers: number): CheckReport {
  const check = "limits";
  const openFiles = readOpenFilesLimit();
  const { sessions, reduced } = planConnections(openFiles, asked, workers);
  if (reduced) {
    const needed = filesFor(asked, workers);
    const finding = warningAt(
      `--incoming_connection_limit=${asked}`,
      `it needs more open files than the ${openFiles} that are allowed: ${sessions} sessions at most`,
      `allow ${needed}: \`ulimit -n ${needed}\` in the shell, or LimitNOFILE=${needed} in the unit`,
    );
    return { check, facts: [], findings: [finding] };
  }
  const room = Number.isFinite(sessions) ? `${sessions} sessions at most` : "no limit of sessions";
  return { check, facts: [`${openFiles ?? "no limit of"} open files: ${room}`], findings: [] };
}

function filesFor(sessions: number, workers: number): number {
  let files = 1024;
  while (files < LARGEST && planConnections(files, sessions, workers).reduced) {
    files *= 2;
  }
  return files;
}
