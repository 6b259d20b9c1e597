/** The command line of `scripts/bench`. */

import { parseArgs } from "node:util";
import { UsageError } from "../run_script.ts";
import type { ProbePlan } from "./figures.ts";
import { PROBES } from "./probes.ts";
import { TARGET_NAMES, type TargetName } from "./targets.ts";
import { WORKLOADS, type Workload } from "./workloads.ts";

/** What is to be measured. */
export interface Plan extends ProbePlan {
  readonly connections: number;
  readonly targets: readonly TargetName[];
  readonly workloads: readonly Workload[];
  readonly probes: readonly string[];
  readonly original: string | undefined;
  readonly json: string | undefined;
  readonly markdown: string | undefined;
}

export const USAGE = `scripts/bench [options]

Measures what acra costs between clients and PostgreSQL, beside what else may stand there: a bare
relay (the least that a proxy in this runtime can do), pgbouncer, the original. It builds acra, starts
everything on 127.0.0.1, checks the answers of every workload on every target, measures in rounds over
all of them, and prints ratios first: only ratios of one run tell something, because machines change
their speed. docs/performance.md explains the columns.

  --quick            a look in a minute or two: too little of everything for verdicts to count
  --seconds N        length of one measurement (0.5; quick: 0.4)
  --rounds N         rounds over all targets and workloads, whose medians count (5; quick: 3)
  --connections N    clients of a workload that does not name its number (8)
  --targets LIST     comma-separated, of
                     ${TARGET_NAMES.join(" ")}
  --workloads TEXT   the workload of that name, else all whose name contains it; "-" for none
  --probes LIST      comma-separated, of ${PROBES.map(({ name }) => name).join(" ")}; "" for none
  --original DIR     folder with acra-server and acra-connector of Acra 0.82
  --json FILE        also writes everything there, each round by itself
  --markdown FILE    also puts the tables between the two marks of that page

To look at one thing while tuning it:
  scripts/bench --targets relay,acra --workloads "100 rows, AcraStruct 64 B" --probes "" --rounds 5

The results of record:
  scripts/bench --markdown docs/performance.md`;

/** Many short rounds: the speed of a machine changes within seconds, and ratios are made round by round. */
const DEFAULTS = { seconds: 0.5, rounds: 5, connections: 8 };
const QUICK = { seconds: 0.4, rounds: 3, connections: 8 };
const NO_WORKLOADS = "-";
const QUICK_TARGETS: readonly TargetName[] = ["direct", "relay", "acra", "acra+connector"];

/** Reads the command line. @throws UsageError, or what `parseArgs` throws */
export function readPlan(args: string[]): Plan {
  const values = parse(args);
  const { quick } = values;
  const defaults = quick ? QUICK : DEFAULTS;
  return {
    quick,
    seconds: readNumber("seconds", values.seconds, defaults.seconds),
    rounds: Math.ceil(readNumber("rounds", values.rounds, defaults.rounds)),
    connections: Math.ceil(readNumber("connections", values.connections, defaults.connections)),
    targets: pick("target", values.targets, TARGET_NAMES, quick ? QUICK_TARGETS : TARGET_NAMES),
    workloads:
      values.workloads === undefined
        ? WORKLOADS.filter((workload) => workload.quick || !quick)
        : findWorkloads(values.workloads),
    probes: pick(
      "probe",
      values.probes,
      PROBES.map(({ name }) => name),
      PROBES.map(({ name }) => name),
    ),
    original: values.original,
    json: values.json,
    markdown: values.markdown,
  };
}

function parse(args: string[]) {
  return parseArgs({
    args,
    options: {
      quick: { type: "boolean", default: false },
      seconds: { type: "string" },
      rounds: { type: "string" },
      connections: { type: "string" },
      targets: { type: "string" },
      workloads: { type: "string" },
      probes: { type: "string" },
      original: { type: "string" },
      json: { type: "string" },
      markdown: { type: "string" },
    },
  }).values;
}

function findWorkloads(text: string): readonly Workload[] {
  if (text === NO_WORKLOADS) {
    return [];
  }
  const exact = WORKLOADS.filter(({ name }) => name === text);
  const found = exact.length > 0 ? exact : WORKLOADS.filter(({ name }) => name.includes(text));
  if (found.length === 0) {
    const names = WORKLOADS.map(({ name }) => `"${name}"`).join(", ");
    throw new UsageError(
      `--workloads "${text}": no workload has that in its name; there are ${names}`,
    );
  }
  return found;
}

function readNumber(name: string, text: string | undefined, fallback: number): number {
  const value = text === undefined ? fallback : Number(text);
  if (!(value > 0 && value <= 10_000)) {
    throw new UsageError(`--${name} wants a number above 0, not ${text}`);
  }
  return value;
}

function pick<Name extends string>(
  kind: string,
  list: string | undefined,
  known: readonly Name[],
  fallback: readonly Name[],
): readonly Name[] {
  if (list === undefined) {
    return fallback;
  }
  const names = list.split(",").filter((name) => name !== "");
  const unknown = names.find((name) => !known.some((one) => one === name));
  if (unknown !== undefined) {
    throw new UsageError(`no ${kind} is named ${unknown}: there are ${known.join(" ")}`);
  }
  return known.filter((name) => names.includes(name));
}
