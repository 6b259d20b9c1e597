/** Runs a driver against all targets and compares what it was answered. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { runProcess } from "../harness/process.ts";
import { makeTemporaryFolder } from "../harness/reaper.ts";
import type { DriverProgram } from "./drivers.ts";
import type { Case } from "./steps.ts";
import { type Bench, type Comparand, DATABASE, type Target } from "./targets.ts";

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

/** Runs the cases with one driver everywhere; the first difference of a case is what counts. */
export async function compareDriver(
  bench: Bench,
  program: DriverProgram,
  cases: readonly Case[],
  comparands: readonly Comparand[],
): Promise<Comparison> {
  const command = await program.command();
  const file = join(makeTemporaryFolder(), "cases.json");
  writeFileSync(file, JSON.stringify(cases));
  const outcomes = new Map<string, Outcome>();
  let version = "?";
  for (const comparand of comparands) {
    const direct = await runAgainst(bench, comparand.direct, [...command, file]);
    version = direct.version;
    for (const one of cases) {
      record(outcomes, one.id, judgeDirect(one, comparand.direct, direct));
    }
    for (const target of comparand.throughAcra) {
      const through = await runAgainst(bench, target, [...command, file]);
      for (const { id } of cases) {
        record(outcomes, id, judgeThrough(id, target, direct, through));
      }
    }
  }
  return { driver: program.name, version, outcomes };
}

function record(outcomes: Map<string, Outcome>, id: string, outcome: Outcome): void {
  if (outcomes.get(id)?.kind !== "different") {
    outcomes.set(id, outcome);
  }
}

/** The database's own answer must be what the case is about: two equal failures prove nothing. */
function judgeDirect({ id, expect = [] }: Case, target: Target, run: Run): Outcome {
  const line = run.lines.get(id);
  if (line === undefined) {
    return different(target, `no answer${run.failure}`);
  }
  if (line.cannot !== undefined) {
    return { kind: "cannot", reason: line.cannot };
  }
  const answers = answersOf(line);
  const absent = expect.filter((text) => !answers.includes(text));
  return absent.length === 0
    ? { kind: "equal" }
    : different(target, `no ${absent.join(", ")} in ${answers.slice(0, SHOWN)}`);
}

function judgeThrough(id: string, target: Target, direct: Run, through: Run): Outcome {
  const [expected, got] = [direct, through].map((run) => run.lines.get(id));
  if (expected === undefined || got === undefined) {
    return different(target, `no answer${through.failure}`);
  }
  const [left, right] = [answersOf(expected), answersOf(got)];
  if (left !== right) {
    return different(target, showDifference(left, right));
  }
  return expected.cannot === undefined
    ? { kind: "equal" }
    : { kind: "cannot", reason: expected.cannot };
}

function different({ name }: Target, what: string): Outcome {
  return { kind: "different", explanation: `${name}: ${what}` };
}

function showDifference(left: string, right: string): string {
  let start = 0;
  while (start < left.length && left[start] === right[start]) {
    start++;
  }
  const from = Math.max(0, start - SHOWN / 4);
  const [direct, through] = [left, right].map((text) => text.slice(from, from + SHOWN));
  return `differs at ${start}\n  direct:  ${direct}\n  through: ${through}`;
}

/** Canonical text; what names the port of a target is made the same for all. */
function answersOf(line: Line): string {
  return JSON.stringify(line.answers ?? line.cannot ?? null)
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
