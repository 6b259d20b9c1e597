/** Settings that server and connector share (acra-cli.md §5, §6.1, §12). */

import { defineSettings } from "../config/mod.ts";

/** What is wrong with a client id; the original's sentence, two blanks included (acra-cli.md §5.2). */
export const CLIENT_ID_RULE =
  "Invalid client ID,  5 <= len(client ID) <= 256, only digits, letters and '_', '-', ' ' characters";

/** Ports of TCP; 0 would be an accident. */
export function validatePort(value: number): string | null {
  return value >= 1 && value <= 65535 ? null : "has to be a port from 1 to 65535";
}

/** Format and level of the log. */
export const LOGGING_SETTINGS = defineSettings([
  {
    name: "logging_format",
    type: "string",
    default: "plaintext",
    help: "Format of the log: plaintext, json or cef",
  },
  { name: "d", type: "boolean", default: false, help: "Log everything, for debugging" },
  { name: "v", type: "boolean", default: false, help: "Log informational lines too" },
]);

/** How many sessions there may be. */
export const CONNECTION_LIMIT_SETTING = {
  name: "incoming_connection_limit",
  type: "integer",
  default: 0,
  help: "Sessions at a time; 0 is as many as the limit of open files allows",
  validate: (value: number) => (value < 0 ? "has to be a number of sessions, or 0" : null),
} as const;

const MOST_WORKERS = 256;

/** What both daemons say of the number of their threads. */
export function validateWorkers(value: number): string | null {
  return value >= 0 && value <= MOST_WORKERS
    ? null
    : `has to be a number of threads, at most ${MOST_WORKERS}, or 0 for one per core`;
}

/** Where metrics are served. */
export const METRICS_SETTING = {
  name: "prometheus_metrics_address",
  type: "string",
  default: "",
  help: "Where to serve /metrics for Prometheus, /healthz and /readyz: tcp://host:port; nowhere when empty",
  aliases: ["incoming_connection_prometheus_metrics_string"],
} as const;
