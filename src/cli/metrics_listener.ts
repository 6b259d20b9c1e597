/** Where metrics and health are served, as far as the settings ask for it (acra-cli.md §12). */

import { ConfigError } from "../config/mod.ts";
import { EVENT, type Logger } from "../log/mod.ts";
import {
  type MetricsListener,
  type MetricsSnapshot,
  type ProgramMetrics,
  serveMetrics,
} from "../metrics/mod.ts";
import { type Endpoint, formatEndpoint } from "../transport/mod.ts";
import { readEndpoint } from "./endpoints.ts";
import { shareAnswers } from "./readiness.ts";

const SETTING = "prometheus_metrics_address";

/** What the listener needs beside what is counted. */
interface MetricsParts {
  readonly log: Logger;
  /** What other threads have counted. */
  readonly others: () => Promise<readonly MetricsSnapshot[]>;
  /** One line on what keeps the program from serving, or `null`. */
  readonly findObstacle: () => Promise<string | null>;
}

/**
 * Opens the listener; without metrics there is none.
 * @throws ConfigError when it cannot be opened.
 */
export function openMetrics(
  values: { readonly [SETTING]: string },
  metrics: ProgramMetrics | null,
  { log, others, findObstacle }: MetricsParts,
): MetricsListener {
  if (metrics === null) {
    return { close: () => {} };
  }
  const endpoint = readEndpoint(SETTING, values[SETTING]);
  if (endpoint.kind !== "tcp") {
    throw new ConfigError(
      `--${SETTING}: metrics are served over TCP only`,
      `name a host and a port, as in --${SETTING}=tcp://127.0.0.1:9399/`,
    );
  }
  const listener = listen(endpoint, {
    metrics: async () => metrics.format(await others()),
    findObstacle: shareAnswers(findObstacle),
  });
  log.info("Start listening for metrics", { connection_string: formatEndpoint(endpoint) });
  return listener;
}

function listen(
  endpoint: Endpoint & { readonly kind: "tcp" },
  endpoints: Parameters<typeof serveMetrics>[1],
): MetricsListener {
  try {
    return serveMetrics(endpoint, endpoints);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConfigError(
      `--${SETTING}: cannot listen on ${formatEndpoint(endpoint)}: ${reason}`,
      `choose another address with --${SETTING}, or stop what listens there`,
      { code: EVENT.listenFailed, cause: error },
    );
  }
}
