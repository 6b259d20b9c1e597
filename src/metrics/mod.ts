/**
 * What server and connector count, and the small HTTP listener that shows it to Prometheus and to
 * health checks (acra-cli.md §12, §16.6).
 *
 * @module
 */

export { type LegName, type LegStep, timeStep } from "./leg_latency.ts";
export { readOpenFilesLimit } from "./open_files.ts";
export { type ConnectionKind, ProgramMetrics } from "./program_metrics.ts";
export { type MetricsEndpoints, type MetricsListener, serveMetrics } from "./serve.ts";
export { ServerMetrics } from "./server_metrics.ts";
export type { LegMeter } from "./session_meter.ts";
export { type MetricsSnapshot, parseSnapshot, sumGone } from "./snapshot.ts";
export type { WorkerCounts } from "./worker_metrics.ts";
