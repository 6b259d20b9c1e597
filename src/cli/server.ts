/** `acra server`: from settings to a running server (acra-cli.md §8.1, §6.7, §7.2). */

import { ConfigError } from "../config/mod.ts";
import { createSummingLog } from "../log/mod.ts";
import { ServerMetrics } from "../metrics/mod.ts";
import type { ServerOptions } from "../server/mod.ts";
import { connectServiceManager } from "../systemd/mod.ts";
import { type CommandContext, defineCommand } from "./command.ts";
import { endStartUp, listenFailure, runUntilSignal } from "./daemon.ts";
import { listenEndpoint } from "./endpoints.ts";
import { openMetrics } from "./metrics_listener.ts";
import { findServerObstacle } from "./readiness.ts";
import { type ApiHooks, makeApi } from "./server_api.ts";
import { cellModeOf, makeServerOptions, type ServerValues } from "./server_options.ts";
import { ServerReload } from "./server_reload.ts";
import { SERVER_SETTINGS } from "./server_settings.ts";
import { readVersion, releaseOf } from "./version.ts";
import { ServerTeam } from "./workers/server_team.ts";
import { chooseWorkers } from "./workers/worker_count.ts";

export const serverCommand = defineCommand({
  name: "server",
  service: "acra-server",
  kind: "daemon",
  about:
    "Relays the PostgreSQL protocol to the database and replaces AcraStructs in its answers by plaintext. " +
    "It alone holds the private keys: run it on a machine of its own.",
  examples: [
    {
      about: "Serve connectors over Secure Session in front of a database",
      line: "acra server --db_host=127.0.0.1 --db_port=5432 --keys_dir=.acrakeys/acra-server",
    },
    {
      about: "Serve applications directly, without encryption on the way",
      line: "acra server --db_host=127.0.0.1 --acraconnector_transport_encryption_disable --client_id=testclientid",
    },
    {
      about: "Decrypt by zone: the id of a zone stands in a column before its data",
      line: "acra server --db_host=127.0.0.1 --zonemode_enable",
    },
    {
      about: "Stop and run a script when a poison record is read",
      line: "acra server --db_host=127.0.0.1 --poison_shutdown_enable --poison_run_script_file=/etc/acra/alarm.sh",
    },
  ],
  settings: SERVER_SETTINGS,
  run: runServer,
});

async function runServer(
  context: CommandContext<typeof SERVER_SETTINGS>,
  values: ServerValues,
): Promise<number> {
  const log = createSummingLog(context.log);
  const metrics = values.prometheus_metrics_address === "" ? null : await makeMetrics(values);
  const workers = chooseWorkers(values.workers, listenEndpoint(values), log);
  const { startThread } = context;
  const team = new ServerTeam({ workers, startThread, metrics, log });
  const settings = new ServerReload(context, values, (now, next, changeConfig) => ({
    ...prepareServer(now, next, {
      workers,
      hooks: { changeConfig, resetOtherKeys: () => team.resetOtherKeys() },
    }),
    metrics,
    log,
  }));
  const first = settings.prepareFirst();
  const scrapes = openMetrics(values, metrics, {
    log,
    others: () => team.readOtherMetrics(),
    findObstacle: () => team.findObstacle() ?? findServerObstacle(context, settings.values),
  });
  await team.start(first, values).catch((error: unknown) => {
    throw listenFailure(error);
  });
  settings.attach(team);
  const manager = connectServiceManager(context.env);
  log.info(`Start listening to connections. Current PID: ${process.pid}`);
  endStartUp(context.log, values);
  for (const address of [team.address, team.apiAddress]) {
    if (address !== null) {
      log.info("Start listening connections", {
        connection_string: address,
        from_descriptor: false,
      });
    }
  }
  manager.ready(statusOf(team));
  return await runUntilSignal(team.finished, log, {
    drain: () => {
      const { incoming_connection_close_timeout: seconds } = settings.values;
      scrapes.close();
      manager.stopping(seconds * 1_000, `Waiting for ${team.sessionCount} connections`);
      void team.drain();
    },
    stop: () => team.stop(1),
    reload: () => {
      manager.reloading();
      void settings.reload().then(() => manager.ready(statusOf(team)));
    },
  }).finally(() => scrapes.close());
}

function statusOf({ address, apiAddress }: ServerTeam): string {
  return `Listening on ${[address, apiAddress].filter((place) => place !== null).join(" and ")}`;
}

/** What a server is prepared for beside its settings. */
interface Preparation {
  readonly workers: number;
  readonly hooks: ApiHooks;
}

/** At the start, and again whenever settings change. */
function prepareServer(
  context: CommandContext,
  values: ServerValues,
  { workers, hooks }: Preparation,
): Omit<ServerOptions, "metrics" | "log"> {
  context.log.info("Validating service configuration...");
  checkDatabase(values);
  const api = makeApi(context, values, hooks);
  return { ...makeServerOptions(context, values, workers), api };
}

/** @throws ConfigError when it is not clear which database to talk to. */
function checkDatabase(values: ServerValues): void {
  if (values.db_host === "") {
    throw new ConfigError(
      "db_host is empty: you must specify db_host",
      "name the database's host, as in --db_host=127.0.0.1",
    );
  }
}

async function makeMetrics(values: ServerValues): Promise<ServerMetrics> {
  return new ServerMetrics(releaseOf(await readVersion()), cellModeOf(values));
}
