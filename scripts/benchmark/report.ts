/** Medians of the rounds, ratios, and how they are printed. */

import type { EcdhCost } from "./ecdh.ts";
import type { TargetName } from "./targets.ts";
import type { Workload } from "./workloads.ts";

/** One round of one workload on one target. */
export interface Sample {
  readonly target: TargetName;
  readonly workload: string;
  readonly transactionsPerSecond: number;
  /** CPU of the processes between client and database; 0 for direct. */
  readonly cpuPerTransaction: number;
}

/** One line of the table. */
export interface Line {
  readonly workload: string;
  readonly target: TargetName;
  readonly transactionsPerSecond: number;
  readonly cpuMicrosecondsPerTransaction: number | null;
  readonly cpuMicrosecondsPerRow: number | null;
  /** Throughput as a share of the direct way's. */
  readonly throughputOfDirect: number | null;
  /** CPU as a multiple of pgbouncer's; `null` where that was not measured. */
  readonly cpuOfPgbouncer: number | null;
  /** CPU as a multiple of the bare relay's; `null` where that was not measured. */
  readonly cpuOfRelay: number | null;
  /** CPU per row as a multiple of one ECDH, where rows are opened. */
  readonly cpuOfEcdh: number | null;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? 0) + upper) / 2;
}

/** Median of what the rounds say of one ECDH. */
export function summariseEcdh(rounds: readonly EcdhCost[]): EcdhCost {
  return {
    diffieHellman: median(rounds.map((round) => round.diffieHellman)),
    computeSecret: median(rounds.map((round) => round.computeSecret)),
  };
}

/** Medians over all rounds, workload by workload. */
export function summarise(
  samples: readonly Sample[],
  workloads: readonly Workload[],
  targets: readonly TargetName[],
  ecdh: EcdhCost,
): Line[] {
  return workloads.flatMap((workload) => {
    const of = (target: TargetName) =>
      samples.filter((sample) => sample.workload === workload.name && sample.target === target);
    const tps = (target: TargetName) =>
      median(of(target).map((sample) => sample.transactionsPerSecond));
    const cpu = (target: TargetName) =>
      target === "direct" ? 0 : median(of(target).map((sample) => sample.cpuPerTransaction));
    const direct = tps("direct");
    const pgbouncer = cpu("pgbouncer");
    const relay = cpu("relay");
    return targets.map((target) => ({
      workload: workload.name,
      target,
      transactionsPerSecond: tps(target),
      cpuMicrosecondsPerTransaction: target === "direct" ? null : cpu(target),
      cpuMicrosecondsPerRow: target === "direct" ? null : cpu(target) / workload.rowsPerTransaction,
      throughputOfDirect: direct > 0 ? tps(target) / direct : null,
      cpuOfPgbouncer: target === "direct" || pgbouncer <= 0 ? null : cpu(target) / pgbouncer,
      cpuOfRelay: target === "direct" || relay <= 0 ? null : cpu(target) / relay,
      cpuOfEcdh:
        workload.table === "sealed" && target.startsWith("acra")
          ? cpu(target) / workload.rowsPerTransaction / ecdh.diffieHellman
          : null,
    }));
  });
}

/** The table for people. */
export function formatTable(lines: readonly Line[]): string {
  const rows = [
    [
      "workload",
      "target",
      "tps",
      "CPU µs/tx",
      "CPU µs/row",
      "tps/direct",
      "CPU/pgbouncer",
      "CPU/relay",
      "row/ECDH",
    ],
    ...lines.map((line) => [
      line.workload,
      line.target,
      line.transactionsPerSecond.toFixed(0),
      formatNumber(line.cpuMicrosecondsPerTransaction, 1),
      formatNumber(line.cpuMicrosecondsPerRow, 2),
      formatNumber(line.throughputOfDirect, 2),
      formatNumber(line.cpuOfPgbouncer, 2),
      formatNumber(line.cpuOfRelay, 2),
      formatNumber(line.cpuOfEcdh, 2),
    ]),
  ];
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  return rows
    .map((row) =>
      row
        .map((cell, column) =>
          column < 2 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
        )
        .join("  "),
    )
    .join("\n");
}

function formatNumber(value: number | null, digits: number): string {
  return value === null ? "–" : value.toFixed(digits);
}
