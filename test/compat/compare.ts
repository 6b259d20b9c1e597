/** Runs a driver against all targets and compares what it was answered. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { runProcess } from "../harness/process.ts";
import { makeTemporaryFolder } from "../harness/reaper.ts";
import type { Case } from "./contract.ts";
import type { DriverProgram } from "./drivers.ts";
import { type Bench, DATABASE, type Target } from "./targets.ts";

const RUN_LIMIT_MS = 60_000;
/** Of two answers that differ, this much is shown from the place where they part. */
const SHOWN = 600;

/** What became of one case with one driver. */
export type Outcome =
  | { readonly kind: "equal" }
  /** The driver has no way to express it. */
  | { readonly kind: "cannot"; readonly reason: string }
  | { readonly kind: "different"; readonly explanation: string };

/** What became of one driver. */
export interface Comparison {
  readonly driver: string;
  readonly version: string;
  /** By the id of the case. */
  readonly outcomes: ReadonlyMap<string, Outcome>;
}

interface Line {
  readonly driver?: string;
  readonly version?: string;
  readonly case?: string;
  readonly cannot?: string;
  readonly answers?: unknown;
}

interface Run {
  readonly version: string;
  readonly lines: ReadonlyMap<string, Line>;
  /** How it ended, when that was not well. */
  readonly failure: string;
}

/** Runs the cases with one driver everywhere. */
export async function compareDriver(
  bench: Bench,
  program: DriverProgram,
  cases: readonly Case[],
): Promise<Comparison> {
  const command = await program.command();
  const file = join(makeTemporaryFolder(), "cases.json");
  writeFileSync(file, JSON.stringify(cases));
  const direct = await runAgainst(bench, bench.direct, [...command, file]);
  const outcomes = new Map(cases.map((one) => [one.id, judgeDirect(one, direct)]));
  for (const target of bench.throughAcra) {
    const through = await runAgainst(bench, target, [...command, file]);
    for (const { id } of cases) {
      if (outcomes.get(id)?.kind !== "different") {
        const explanation = findDifference(id, direct, through);
        if (explanation !== null) {
          outcomes.set(id, { kind: "different", explanation: `${target.name}: ${explanation}` });
        }
      }
    }
  }
  return { driver: program.name, version: direct.version, outcomes };
}

/** The database's own answer must be what the case is about: two equal failures prove nothing. */
function judgeDirect({ id, expect = [] }: Case, run: Run): Outcome {
  const line = run.lines.get(id);
  if (line === undefined) {
    return { kind: "different", explanation: `direct: no answer${run.failure}` };
  }
  if (line.cannot !== undefined) {
    return { kind: "cannot", reason: line.cannot };
  }
  const answers = answersOf(line);
  const absent = expect.filter((text) => !answers.includes(text));
  return absent.length === 0
    ? { kind: "equal" }
    : {
        kind: "different",
        explanation: `direct: no ${absent.join(", ")} in ${answers.slice(0, SHOWN)}`,
      };
}

function findDifference(id: string, direct: Run, through: Run): string | null {
  const [expected, got] = [direct, through].map((run) => run.lines.get(id));
  if (expected === undefined || got === undefined) {
    return `no answer${through.failure}`;
  }
  if (expected.cannot !== got.cannot) {
    return `${got.cannot ?? "can"} here, ${expected.cannot ?? "can"} direct`;
  }
  const [left, right] = [answersOf(expected), answersOf(got)];
  if (left === right) {
    return null;
  }
  let start = 0;
  while (left[start] === right[start]) {
    start++;
  }
  const from = Math.max(0, start - SHOWN / 4);
  return `differs at ${start}\n  direct:  ${left.slice(from, from + SHOWN)}\n  through: ${right.slice(from, from + SHOWN)}`;
}

/** Canonical text; what names the port of a target is made the same for all. */
function answersOf(line: Line): string {
  return JSON.stringify(line.answers ?? null)
    .replaceAll(/\bport \d+/g, "port N")
    .replaceAll(/\b(localhost|127\.0\.0\.1):\d+/g, "$1:N");
}

async function runAgainst(bench: Bench, target: Target, command: string[]): Promise<Run> {
  await bench.refresh(target.template);
  const { status, stdout, stderr } = await runProcess(command, {
    timeoutMs: RUN_LIMIT_MS,
    env: {
      COMPAT_HOST: "localhost",
      COMPAT_PORT: String(target.port),
      COMPAT_USER: "postgres",
      COMPAT_PASSWORD: bench.password,
      COMPAT_DATABASE: DATABASE,
      COMPAT_SSLMODE: target.sslmode,
      COMPAT_SSLROOTCERT: bench.authorityFile,
    },
  });
  const lines = stdout
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line): Line => JSON.parse(line));
  return {
    version: lines[0]?.version ?? "?",
    lines: new Map(lines.map((line) => [line.case ?? "", line])),
    failure: status === 0 ? "" : `; the driver ended with status ${status}\n${stderr}`,
  };
}
