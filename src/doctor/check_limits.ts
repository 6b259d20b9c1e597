/** Whether as many connections fit into the open files of a process as are asked for. */

import { planConnections, readOpenFilesLimit } from "../admission/mod.ts";
import { type CheckReport, warningAt } from "./finding.ts";

/** Largest limit that is proposed. */
const LARGEST = 2 ** 24;

/** Looks at the limit of this process, which is that of a daemon started from the same shell or unit. */
export function checkLimits(asked: number): CheckReport {
  const check = "limits";
  const openFiles = readOpenFilesLimit();
  const { sessions, reduced } = planConnections(openFiles, asked);
  if (reduced) {
    const finding = warningAt(
      `--incoming_connection_limit=${asked}`,
      `it needs more open files than the ${openFiles} that are allowed: ${sessions} sessions at most`,
      `allow ${filesFor(asked)}: \`ulimit -n ${filesFor(asked)}\` in the shell, or LimitNOFILE=${filesFor(asked)} in the unit`,
    );
    return { check, facts: [], findings: [finding] };
  }
  const room = Number.isFinite(sessions) ? `${sessions} sessions at most` : "no limit of sessions";
  return { check, facts: [`${openFiles ?? "no limit of"} open files: ${room}`], findings: [] };
}

function filesFor(sessions: number): number {
  let files = 1024;
  while (files < LARGEST && planConnections(files, sessions).reduced) {
    files *= 2;
  }
  return files;
}
