/** What acra promises about its speed, and whether this run keeps it. */

import { FIGURES, type Figure } from "./figures.ts";
import type { Line } from "./report.ts";
import type { TargetName } from "./targets.ts";
import { NAMES } from "./workloads.ts";

/** One promise. `null`: this run did not measure it. */
export interface Verdict {
  readonly promise: string;
  readonly measured: number | null;
  readonly limit: number;
  readonly unit: string;
  readonly holds: boolean | null;
}

interface Promised {
  readonly promise: string;
  readonly limit: number;
  readonly unit: string;
  /** The value must not be below the limit; otherwise not above it. */
  readonly atLeast?: boolean;
  readonly measured: number | null;
}

const RELAY_FACTOR = 1.3;
const CONNECTOR_FACTOR = 2.6;
const ECDH_FACTOR = 1.3;
const PAGE_MICROSECONDS = 15;
/** Zero, as far as memory that is taken and given back in pieces can be told from it. */
const SLOPE_KILOBYTES = 200;

/** Holds the run to the promises. */
export function judge(
  lines: readonly Line[],
  figures: readonly Figure[],
  ecdh: number | null,
): Verdict[] {
  return promises(lines, figures, ecdh).map(({ atLeast = false, ...promised }) => ({
    ...promised,
    holds:
      promised.measured === null || Number.isNaN(promised.limit)
        ? null
        : atLeast
          ? promised.measured >= promised.limit
          : promised.measured <= promised.limit,
  }));
}

function promises(
  lines: readonly Line[],
  figures: readonly Figure[],
  ecdh: number | null,
): Promised[] {
  const lineOf = (workload: string, target: TargetName) =>
    lines.find((line) => line.workload === workload && line.target === target);
  const relay = (workload: string, target: TargetName, limit: number): Promised => ({
    promise: `${workload}, ${target}: CPU`,
    limit,
    unit: "× the bare relay",
    measured: lineOf(workload, target)?.cpuOfRelay?.median ?? null,
  });
  const figure = (name: string, subject: string, limit: number, atLeast = false): Promised => {
    const found = figures.find((one) => one.name === name && one.subject === subject);
    const measured = found?.value.median ?? null;
    return { promise: `${name}, ${subject}`, limit, unit: found?.unit ?? "", atLeast, measured };
  };
  return [
    relay(NAMES.point, "acra", RELAY_FACTOR),
    relay(NAMES.scan, "acra", RELAY_FACTOR),
    relay(NAMES.longScan, "acra", RELAY_FACTOR),
    {
      promise: `${NAMES.scanSealed}, acra: CPU per row`,
      limit: ECDH_FACTOR,
      unit: "× one ECDH",
      measured: lineOf(NAMES.scanSealed, "acra")?.cpuOfEcdh?.median ?? null,
    },
    {
      promise: `${NAMES.scanPage}, acra: CPU per row`,
      limit: ecdh === null ? Number.NaN : ecdh * ECDH_FACTOR + PAGE_MICROSECONDS,
      unit: `µs (${ECDH_FACTOR} × one ECDH + ${PAGE_MICROSECONDS})`,
      measured: lineOf(NAMES.scanPage, "acra")?.cpuPerRow?.median ?? null,
    },
    relay(NAMES.point, "acra+connector", CONNECTOR_FACTOR),
    figure(FIGURES.connection, "acra+connector", 1.2),
    figure(FIGURES.idleMemory, "acra server", 64),
    figure(FIGURES.idleMemory, "acra connector", 64),
    figure(FIGURES.sessionMemory, "acra server", 32),
    figure(FIGURES.sessionMemory, "acra connector", 32),
    figure(FIGURES.memorySlope, "acra server", SLOPE_KILOBYTES),
    figure(FIGURES.memorySlope, "acra connector", SLOPE_KILOBYTES),
    figure(FIGURES.fairness99, "acra, beside the scan", 5),
    figure(FIGURES.start, "acra server", 200),
    figure(FIGURES.start, "acra connector", 200),
    figure(FIGURES.scaling, "acra", 1.8, true),
  ];
}

/** The verdicts as rows of text, the heading first. */
export function verdictRows(verdicts: readonly Verdict[]): string[][] {
  return [
    ["promise", "verdict", "measured", "limit", "unit"],
    ...verdicts.map(({ promise, measured, limit, unit, holds }) => [
      promise,
      holds === null ? "not measured" : holds ? "holds" : `missed by ${missed(measured, limit)}`,
      measured === null ? "–" : measured.toFixed(2),
      Number.isNaN(limit) ? "–" : limit.toFixed(limit < 100 ? 1 : 0),
      unit,
    ]),
  ];
}

function missed(measured: number | null, limit: number): string {
  return `${Math.abs(((measured ?? limit) / limit - 1) * 100).toFixed(0)} %`;
}
