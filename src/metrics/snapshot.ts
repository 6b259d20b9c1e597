/** What one thread has counted, as plain data, and the sum of what several have. */

import type { LatencySeries } from "./leg_latency.ts";
import {
  AggregatorRegistry,
  type MetricObjectWithValues,
  type MetricValue,
  type Registry,
} from "./prom_client.ts";

/** One metric with the values of all its labels. */
type MetricValues = Pick<
  MetricObjectWithValues<MetricValue<string>>,
  "name" | "help" | "type" | "aggregator" | "values"
>;

/** Everything that a thread has counted; it can be sent to another one. */
export interface MetricsSnapshot {
  readonly metrics: readonly MetricValues[];
  readonly latencies: LatencySeries;
}

/**
 * Reads what `JSON.stringify` made of a snapshot.
 * @throws SyntaxError or TypeError for anything else.
 */
export function parseSnapshot(text: string): MetricsSnapshot {
  const data: unknown = JSON.parse(text);
  if (!isSnapshot(data)) {
    throw new TypeError("Numbers of a thread have a shape that they cannot have");
  }
  return data;
}

function isSnapshot(data: unknown): data is MetricsSnapshot {
  return (
    typeof data === "object" &&
    data !== null &&
    "metrics" in data &&
    Array.isArray(data.metrics) &&
    "latencies" in data &&
    typeof data.latencies === "object"
  );
}

/** What a registry holds now. */
export async function readRegistry(registry: Registry): Promise<readonly MetricValues[]> {
  const metrics = await registry.getMetricsAsJSON();
  return metrics.map(({ name, help, type, aggregator, values }) => {
    return { name, help, type, aggregator, values };
  });
}

/** Adds up the metrics of the same name. */
export function sumMetrics(parts: readonly (readonly MetricValues[])[]): Registry {
  return AggregatorRegistry.aggregate(parts.map((part) => [...part]));
}

/**
 * What goes on counting of threads that are gone, added to those that were gone before: totals never
 * become smaller, while what is a state of now is gone with the thread.
 */
export async function sumGone(snapshots: readonly MetricsSnapshot[]): Promise<MetricsSnapshot> {
  const metrics = await readRegistry(sumMetrics(snapshots.map((snapshot) => snapshot.metrics)));
  return {
    metrics: metrics.filter(({ type }) => String(type) !== "gauge"),
    latencies: sumLatencies(snapshots.map(({ latencies }) => latencies)),
  };
}

/** Adds up the series of the same labels. */
export function sumLatencies(parts: readonly LatencySeries[]): LatencySeries {
  const sums: Record<string, { counts: number[]; sum: number }> = {};
  for (const [labels, { counts, sum }] of parts.flatMap((part) => Object.entries(part))) {
    const known = sums[labels];
    sums[labels] = {
      counts: counts.map((count, index) => count + (known?.counts[index] ?? 0)),
      sum: sum + (known?.sum ?? 0),
    };
  }
  return sums;
}
