/**
 * The parts of prom-client that are used. Its entry loads the rest as well, a push gateway with an HTTP
 * client among it: 3 MB in each thread.
 */

export type { MetricObjectWithValues, MetricValue } from "prom-client";
export { default as AggregatorRegistry } from "prom-client/lib/cluster.js";
export { default as Counter } from "prom-client/lib/counter.js";
export { default as Gauge } from "prom-client/lib/gauge.js";
export { default as Histogram } from "prom-client/lib/histogram.js";
export { default as Registry } from "prom-client/lib/registry.js";
