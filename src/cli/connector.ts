/** `acra connector`: from settings to a running connector (acra-cli.md §8.2, §6.7, §7.1). */

import { startConnector } from "../connector/mod.ts";
import { createSummingLog } from "../log/mod.ts";
import { ProgramMetrics } from "../metrics/mod.ts";
import { connectServiceManager } from "../systemd/mod.ts";
import { type CommandContext, defineCommand } from "./command.ts";
import {
  CLOSE_TIMEOUT_MS,
  type ConnectorValues,
  makeConnectorOptions,
} from "./connector_options.ts";
import { CONNECTOR_SETTINGS } from "./connector_settings.ts";
import { endStartUp, listenFailure, runUntilSignal } from "./daemon.ts";
import { connectorListenEndpoint } from "./endpoints.ts";
import { openMetrics } from "./metrics_listener.ts";
import { findConnectorObstacle } from "./readiness.ts";
import { readVersion, releaseOf } from "./version.ts";
import { Team } from "./workers/team.ts";
import { chooseWorkers } from "./workers/worker_count.ts";

export const connectorCommand = defineCommand({
  name: "connector",
  service: "acra-connector",
  kind: "daemon",
  about:
    "Looks like the database to the application on the same machine and carries its bytes to the server " +
    "over an authenticated, encrypted channel. It holds no key that opens data.",
  examples: [
    {
      about: "Listen on 127.0.0.1:9494 and connect to a server",
      line: "acra connector --client_id=testclientid --acraserver_connection_host=10.0.0.5 --keys_dir=.acrakeys/acra-connector",
    },
  ],
  settings: CONNECTOR_SETTINGS,
  run: runConnector,
});

async function runConnector(context: CommandContext, values: ConnectorValues): Promise<number> {
  const log = createSummingLog(context.log);
  log.info("Validating service configuration...");
  log.info(`Preparing to start in mode: ${values.mode}`);
  const metrics = values.prometheus_metrics_address === "" ? null : await makeMetrics();
  const workers = chooseWorkers(values.workers, connectorListenEndpoint(values), log);
  const options = { ...makeConnectorOptions({ ...context, log }, values, workers), metrics };
  const { startThread } = context;
  const team = new Team({ command: "connector", workers, startThread, metrics, log });
  const scrapes = openMetrics(values, metrics, {
    log,
    others: () => team.readOtherMetrics(),
    findObstacle: () => team.findObstacle() ?? findConnectorObstacle(options),
  });
  const connector = await startConnector(options, team.surroundings).catch((error: unknown) => {
    throw listenFailure(error);
  });
  team.lead(connector, { values, listen: connector.address }, CLOSE_TIMEOUT_MS);
  log.info(`Setup ready. Start listening connection ${connector.address}`);
  endStartUp(context.log, values);
  if (connector.apiAddress !== null) {
    log.info(`Start listening HTTP API: ${connector.apiAddress}`);
  }
  const manager = connectServiceManager(context.env);
  manager.ready(`Listening on ${connector.address}`);
  return await runUntilSignal(team.finished, log, {
    drain: () => {
      scrapes.close();
      manager.stopping(CLOSE_TIMEOUT_MS, `Waiting for ${team.sessionCount} connections`);
      void team.drain();
    },
    stop: () => team.stop(1),
  }).finally(() => scrapes.close());
}

async function makeMetrics(): Promise<ProgramMetrics> {
  const version = releaseOf(await readVersion());
  return new ProgramMetrics({ service: "acraconnector", farLeg: "server", version });
}
