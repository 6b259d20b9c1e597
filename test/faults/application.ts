/** An application that runs as a process of its own beside the rig. */

import { join } from "node:path";
import { type RunningProcess, startProcess } from "../harness/process.ts";
import type { FaultRig } from "./fault_rig.ts";
import type { Path } from "./programs.ts";

const PROGRAM = join(import.meta.dir, "client_program.ts");
const ROWS = 64;

/** A running application and what it will have to show for itself. */
export interface Application {
  readonly process: RunningProcess;
  /** Waits for its end and notes in the ledger what was acknowledged to it. */
  finish(): Promise<void>;
}

function start(rig: FaultRig, path: Path, work: object): RunningProcess {
  const url = rig.programs.database.url({ port: rig.target(path).port });
  return startProcess([process.execPath, PROGRAM, JSON.stringify({ url, ...work })], {
    endSignal: "KILL",
  });
}

/** One that writes row after row. */
export function startWriter(rig: FaultRig, path: Path): Application {
  const groups = Array.from({ length: ROWS }, () => rig.ledger.begin(1));
  const rows = groups.flatMap((group) =>
    group.rows.map(({ id, note, secret }) => ({ id, note, hex: secret.toString("hex") })),
  );
  const child = start(rig, path, { rows });
  return {
    process: child,
    async finish() {
      await child.exited;
      const said = new Set(child.stdout.lines);
      for (const group of groups) {
        if (said.has(`ack ${group.rows[0]?.id}`)) {
          rig.ledger.settle(group, "acknowledged");
        }
      }
    },
  };
}

/** One that reads some megabytes; `rows` answers what it printed about them. */
export function startReader(
  rig: FaultRig,
  path: Path,
): Application & { rows(): string | undefined } {
  const child = start(rig, path, { read: rig.muchQuery });
  return {
    process: child,
    async finish() {
      await child.exited;
    },
    rows: () => child.stdout.lines.find((line) => line.startsWith("read ")),
  };
}
