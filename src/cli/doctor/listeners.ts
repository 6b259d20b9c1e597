/** The addresses that a program is to listen on, each looked at. */

import { type CheckReport, checkListener } from "../../doctor/mod.ts";
import type { Endpoint } from "../../transport/mod.ts";
import { readEndpoint } from "../endpoints.ts";
import { chooseWorkers } from "../workers/worker_count.ts";
import { Gathering, SILENT } from "./gather.ts";

/** An address, and the setting that names it. */
export interface NamedListener {
  readonly setting: string;
  /** @throws ConfigError when the setting is wrong. */
  readonly find: () => Endpoint;
}

/** What is said of all of them. */
interface ListenerValues {
  readonly prometheus_metrics_address: string;
  readonly running: boolean;
}

/** Looks at these, and at the address of the metrics where there is one. */
export async function examineListeners(
  program: "server" | "connector",
  values: ListenerValues,
  listeners: readonly NamedListener[],
): Promise<readonly CheckReport[]> {
  const { prometheus_metrics_address: metrics, running: mustRun } = values;
  const setting = "prometheus_metrics_address";
  const ofMetrics = { setting, find: () => readEndpoint(setting, metrics) };
  const reports: CheckReport[] = [];
  for (const each of metrics === "" ? listeners : [...listeners, ofMetrics]) {
    const gathering = new Gathering("listening");
    const endpoint = gathering.attempt(each.find);
    reports.push(
      endpoint === null
        ? gathering.report([])
        : await checkListener({ endpoint, program, setting: each.setting, mustRun }),
    );
  }
  return reports;
}

/** How many threads would share the first of these addresses; 1 when it cannot be had. */
export function workersOf(asked: number, [first]: readonly NamedListener[]): number {
  const endpoint = first === undefined ? null : new Gathering("listening").attempt(first.find);
  return endpoint === null ? 1 : chooseWorkers(asked, endpoint, SILENT);
}
