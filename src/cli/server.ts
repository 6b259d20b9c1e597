/** `acra server`: from settings to a running server (acra-cli.md §8.1, §6.7, §7.2). */

import { ConfigError, type SettingValues } from "../config/mod.ts";
import { FilesystemKeystore, readMasterKey } from "../keystore/mod.ts";
import { createSummingLog, EVENT, type LevelledLogger } from "../log/mod.ts";
import { ServerMetrics } from "../metrics/mod.ts";
import {
  type RunningServer,
  type ServerOptions,
  type ServerTls,
  type ServerTransport,
  startServer,
} from "../server/mod.ts";
import { connectServiceManager } from "../systemd/mod.ts";
import { type CommandContext, defineCommand } from "./command.ts";
import { connectionLimitsOf } from "./connection_limits.ts";
import { endStartUp, listenFailure, runUntilSignal } from "./daemon.ts";
import { databaseEndpoint, listenEndpoint } from "./endpoints.ts";
import { openMetrics } from "./metrics_listener.ts";
import { findServerObstacle } from "./readiness.ts";
import { type ChangeConfig, makeApi } from "./server_api.ts";
import { ServerReload } from "./server_reload.ts";
import { SERVER_SETTINGS } from "./server_settings.ts";
import { makeServerTls } from "./server_tls.ts";
import { readVersion, releaseOf } from "./version.ts";

type ServerValues = SettingValues<typeof SERVER_SETTINGS>;

const TRANSPORT_NAMES = { raw: "raw", tls: "TLS", "secure-session": "Secure Session" } as const;

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
  const settings = new ServerReload(context, values, (...now) => ({
    ...prepareServer(...now),
    metrics,
    log,
  }));
  const first = settings.prepareFirst();
  const scrapes = openMetrics(values, metrics, {
    log,
    findObstacle: () => findServerObstacle(context, settings.values),
  });
  const server = await startServer(first).catch((error: unknown) => {
    throw listenFailure(error);
  });
  settings.attach(server);
  const manager = connectServiceManager(context.env);
  log.info(`Start listening to connections. Current PID: ${process.pid}`);
  endStartUp(context.log, values);
  for (const address of [server.address, server.apiAddress]) {
    if (address !== null) {
      log.info("Start listening connections", {
        connection_string: address,
        from_descriptor: false,
      });
    }
  }
  manager.ready(statusOf(server));
  return await runUntilSignal(server.finished, log, {
    drain: () => {
      const { incoming_connection_close_timeout: seconds } = settings.values;
      scrapes.close();
      manager.stopping(seconds * 1_000, `Waiting for ${server.sessionCount} connections`);
      void server.drain();
    },
    stop: () => server.stop(1),
    reload: () => {
      manager.reloading();
      void settings.reload().then(() => manager.ready(statusOf(server)));
    },
  }).finally(() => scrapes.close());
}

function statusOf({ address, apiAddress }: RunningServer): string {
  return `Listening on ${[address, apiAddress].filter((place) => place !== null).join(" and ")}`;
}

/** At the start, and again whenever settings change. */
function prepareServer(
  context: CommandContext,
  values: ServerValues,
  changeConfig: ChangeConfig,
): Omit<ServerOptions, "metrics" | "log"> {
  context.log.info("Validating service configuration...");
  checkDatabase(values);
  return { ...makeOptions(context, values), api: makeApi(context, values, changeConfig) };
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

function makeOptions(
  context: CommandContext,
  values: ServerValues,
): Omit<ServerOptions, "api" | "metrics" | "log"> {
  const { log } = context;
  const masterKey = readMasterKey(context.env);
  log.info("Initialising keystore...");
  const keys = new FilesystemKeystore({
    folder: values.keys_dir,
    masterKey,
    cacheSize: values.keystore_cache_size,
    log,
  });
  log.info("Keystore init OK");
  return {
    listen: listenEndpoint(values),
    database: databaseEndpoint(values),
    ...chooseTransport(values, log),
    keys,
    zoneMode: values.zonemode_enable,
    cellMode: cellModeOf(values),
    byteaFormat: values.pgsql_escape_bytea && !values.pgsql_hex_bytea ? "escape" : "hex",
    poison: {
      detect: values.poison_detect_enable,
      scriptFile: values.poison_run_script_file,
      shutdown: values.poison_shutdown_enable,
    },
    connectionLimits: connectionLimitsOf(values, log),
    closeTimeoutMs: values.incoming_connection_close_timeout * 1_000,
  };
}

async function makeMetrics(values: ServerValues): Promise<ServerMetrics> {
  return new ServerMetrics(releaseOf(await readVersion()), cellModeOf(values));
}

function cellModeOf(values: ServerValues): ServerOptions["cellMode"] {
  return values.acrastruct_injectedcell_enable ? "injected-cell" : "whole-cell";
}

/** The order of precedence is that of acra-formats.md §5.5: TLS, raw, Secure Session. */
function chooseTransport(
  values: ServerValues,
  log: LevelledLogger,
): Pick<ServerOptions, "transport" | "tls"> {
  log.info("Configuring transport...");
  const tls = makeServerTls(values);
  const transport = checkServerTransport(values, tls);
  log.info(`Selecting transport: use ${TRANSPORT_NAMES[transport.kind]} transport wrapper`);
  return { transport, tls };
}

/** @throws ConfigError when it is not clear whose keys to use. */
export function checkServerTransport(
  values: ServerValues,
  tls: Pick<ServerTls, "identifier">,
): ServerTransport {
  const transport = transportOf(values);
  const isNamed = values.client_id !== "" || values.zonemode_enable || tls.identifier !== null;
  if (transport.kind === "raw" && !isNamed) {
    throw new ConfigError(
      "Configuration error: without zones raw transport needs a client id",
      "name whose keys to use, as in --client_id=testclientid",
      { code: EVENT.transportMisconfigured },
    );
  }
  return transport;
}

function transportOf(values: ServerValues): ServerTransport {
  if (values.acraconnector_tls_transport_enable) {
    return { kind: "tls", clientId: values.client_id };
  }
  return values.acraconnector_transport_encryption_disable
    ? { kind: "raw", clientId: values.client_id }
    : { kind: "secure-session" };
}
