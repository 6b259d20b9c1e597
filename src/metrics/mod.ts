/**
 * What server and connector count, and the small HTTP listener that shows it to Prometheus and to
 * health checks (acra-cli.md §12, §16.6).
 *
 * @module
 */

export { type ConnectionKind, type LegMeter, ProgramMetrics } from "./program_metrics.ts";
export { type MetricsEndpoints, type MetricsListener, serveMetrics } from "./serve.ts";
export { ServerMetrics } from "./server_metrics.ts";
