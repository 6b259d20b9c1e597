/** What the rounds say: ratios first, because the speed of a machine changes over the day. */

import type { Figure } from "./figures.ts";
import { formatSpread, type Spread, spreadOf } from "./spread.ts";
import type { TargetName } from "./targets.ts";

/** One round of one workload on one target. */
export interface Sample {
  readonly target: TargetName;
  readonly workload: string;
  readonly round: number;
  readonly transactionsPerSecond: number;
  /** CPU µs of the processes between client and database; 0 for direct. */
  readonly cpuPerTransaction: number;
  /** CPU µs of one ECDH, measured immediately before. */
  readonly ecdh: number;
}

/** What the report has to know of a workload. */
export interface WorkloadShape {
  readonly name: string;
  readonly rowsPerTransaction: number;
  readonly openedPerTransaction: number;
}

/** What the report has to know of a target. */
export interface TargetShape {
  readonly name: TargetName;
  readonly opens: string;
}

/** One line of the table: a workload on a target. `null` is what was not measured or has no meaning. */
export interface Line {
  readonly workload: string;
  readonly target: TargetName;
  /** CPU as a multiple of the bare relay's in the same round. */
  readonly cpuOfRelay: Spread | null;
  /** CPU per AcraStruct as a multiple of one ECDH in the same round. */
  readonly cpuOfEcdh: Spread | null;
  readonly cpuOfPgbouncer: Spread | null;
  readonly throughputOfDirect: Spread | null;
  /** In µs. */
  readonly cpuPerTransaction: Spread | null;
  readonly cpuPerRow: Spread | null;
  readonly transactionsPerSecond: Spread | null;
}

/** Lines in the order of workloads and targets; a pair without samples has none. */
export function summarise(
  samples: readonly Sample[],
  workloads: readonly WorkloadShape[],
  targets: readonly TargetShape[],
): Line[] {
  return workloads.flatMap((workload) => {
    const here = samples.filter((sample) => sample.workload === workload.name);
    return targets
      .filter(({ name }) => here.some((sample) => sample.target === name))
      .map((target) => toLine(here, workload, target));
  });
}

function toLine(here: readonly Sample[], workload: WorkloadShape, target: TargetShape): Line {
  const own = here.filter((sample) => sample.target === target.name);
  const isProxy = target.name !== "direct";
  const spread = (pick: (sample: Sample) => number) => spreadOf(own.map(pick));
  /** Of rounds in which both were measured. */
  const against = (other: TargetName, pick: (sample: Sample) => number) =>
    spreadOf(
      own.flatMap((sample) => {
        const base = here.find((one) => one.target === other && one.round === sample.round);
        return base !== undefined && pick(base) > 0 ? [pick(sample) / pick(base)] : [];
      }),
    );
  const cpu = (sample: Sample) => sample.cpuPerTransaction;
  const { rowsPerTransaction: rows, openedPerTransaction: opened } = workload;
  return {
    workload: workload.name,
    target: target.name,
    cpuOfRelay: isProxy ? against("relay", cpu) : null,
    cpuOfEcdh:
      isProxy && opened > 0 && target.opens !== "nothing"
        ? spread((sample) => sample.cpuPerTransaction / opened / sample.ecdh)
        : null,
    cpuOfPgbouncer: isProxy ? against("pgbouncer", cpu) : null,
    throughputOfDirect: against("direct", (sample) => sample.transactionsPerSecond),
    cpuPerTransaction: isProxy ? spread(cpu) : null,
    cpuPerRow: isProxy ? spread((sample) => sample.cpuPerTransaction / rows) : null,
    transactionsPerSecond: spread((sample) => sample.transactionsPerSecond),
  };
}

/** The loads as rows of text, the heading first. */
export function lineRows(lines: readonly Line[]): string[][] {
  return [
    [
      "workload",
      "target",
      "CPU / relay",
      "CPU per AcraStruct / ECDH",
      "CPU / pgbouncer",
      "tps / direct",
      "CPU µs per transaction",
      "CPU µs per row",
      "tps",
    ],
    ...lines.map((line) => [
      line.workload,
      line.target,
      formatSpread(line.cpuOfRelay, 2),
      formatSpread(line.cpuOfEcdh, 2),
      formatSpread(medianOnly(line.cpuOfPgbouncer), 2),
      formatSpread(medianOnly(line.throughputOfDirect), 2),
      formatSpread(line.cpuPerTransaction, 1),
      formatSpread(medianOnly(line.cpuPerRow), 2),
      formatSpread(medianOnly(line.transactionsPerSecond), 0),
    ]),
  ];
}

/** The other figures as rows of text, the heading first. */
export function figureRows(figures: readonly Figure[]): string[][] {
  return [
    ["figure", "of", "median (min–max)", "unit"],
    ...figures.map(({ name, subject, unit, digits, value }) => [
      name,
      subject,
      formatSpread(value, digits),
      unit,
    ]),
  ];
}

function medianOnly(spread: Spread | null): Spread | null {
  return spread && { median: spread.median, min: spread.median, max: spread.median };
}

/** A table for a terminal: the first columns to the left, numbers to the right. */
export function formatTable(rows: readonly (readonly string[])[], leftColumns: number): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  return rows
    .map((row) =>
      row
        .map((cell, column) => {
          const width = widths[column] ?? 0;
          return column < leftColumns ? cell.padEnd(width) : cell.padStart(width);
        })
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** A table of Markdown. */
export function formatMarkdown(rows: readonly (readonly string[])[], leftColumns: number): string {
  const [heading = [], ...rest] = rows;
  const rule = heading.map((_, column) => (column < leftColumns ? "---" : "---:"));
  return [heading, rule, ...rest].map((row) => `| ${row.join(" | ")} |`).join("\n");
}
