/** `acra connector`: from settings to a running connector (acra-cli.md §8.2, §6.7, §7.1). */

import { ConfigError, type SettingValues } from "../config/mod.ts";
import {
  type ConnectorOptions,
  type ConnectorTransport,
  startConnector,
} from "../connector/mod.ts";
import {
  FilesystemConnectorKeys,
  isKeystoreError,
  isValidClientId,
  readMasterKey,
} from "../keystore/mod.ts";
import { createSummingLog, EVENT, type Logger } from "../log/mod.ts";
import { ProgramMetrics } from "../metrics/mod.ts";
import { connectServiceManager } from "../systemd/mod.ts";
import { createTlsClientSetup, type Endpoint } from "../transport/mod.ts";
import { type CommandContext, defineCommand } from "./command.ts";
import { connectionLimitsOf } from "./connection_limits.ts";
import { CONNECTOR_SETTINGS } from "./connector_settings.ts";
import { endStartUp, listenFailure, runUntilSignal } from "./daemon.ts";
import {
  connectorApiListenEndpoint,
  connectorListenEndpoint,
  hostEndpoint,
  readEndpoint,
} from "./endpoints.ts";
import { openMetrics } from "./metrics_listener.ts";
import { findConnectorObstacle } from "./readiness.ts";
import { CLIENT_ID_RULE } from "./shared_settings.ts";
import { prepareTls, readMaterial } from "./tls_settings.ts";
import { readVersion, releaseOf } from "./version.ts";

type ConnectorValues = SettingValues<typeof CONNECTOR_SETTINGS>;

const TRANSPORT_NAMES = { raw: "raw", tls: "TLS", "secure-session": "Secure Session" } as const;
/** The original has no setting for this; long enough for a statement, short for an operator, in ms. */
const CLOSE_TIMEOUT_MS = 3_000;

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
  const options = { ...makeOptions(context, values, log), metrics };
  const scrapes = openMetrics(values, metrics, {
    log,
    others: async () => [],
    findObstacle: () => findConnectorObstacle(options),
  });
  const connector = await startConnector(options).catch((error: unknown) => {
    throw listenFailure(error);
  });
  log.info(`Setup ready. Start listening connection ${connector.address}`);
  endStartUp(context.log, values);
  if (connector.apiAddress !== null) {
    log.info(`Start listening HTTP API: ${connector.apiAddress}`);
  }
  const manager = connectServiceManager(context.env);
  manager.ready(`Listening on ${connector.address}`);
  const finished = Promise.withResolvers<number>();
  return await runUntilSignal(finished.promise, log, {
    drain: () => {
      scrapes.close();
      manager.stopping(CLOSE_TIMEOUT_MS, `Waiting for ${connector.sessionCount} connections`);
      void connector.drain().then((cut) => finished.resolve(cut === 0 ? 0 : 1));
    },
    stop: () => {
      connector.stop();
      finished.resolve(1);
    },
  }).finally(() => scrapes.close());
}

async function makeMetrics(): Promise<ProgramMetrics> {
  const version = releaseOf(await readVersion());
  return new ProgramMetrics({ service: "acraconnector", farLeg: "server", version });
}

function makeOptions(
  context: CommandContext,
  values: ConnectorValues,
  log: Logger,
): Omit<ConnectorOptions, "metrics"> {
  const server = chooseServer(values);
  const api = values.http_api_enable
    ? { listen: connectorApiListenEndpoint(values), server: chooseApiServer(values) }
    : null;
  const masterKey = readMasterKey(context.env);
  const clientId = values.client_id;
  if (!isValidClientId(clientId)) {
    throw new ConfigError(CLIENT_ID_RULE, "name the client, as in --client_id=testclientid");
  }
  log.info("Initializing keystore...");
  const folder = values.keys_dir;
  const keys = new FilesystemConnectorKeys({ folder, clientId, masterKey, log });
  log.info("Keystore init OK");
  checkKeys(keys, clientId, log);
  log.info("Configuring transport...");
  const transport = chooseTransport(values, server, api?.server ?? server);
  log.info(`Selecting transport: use ${TRANSPORT_NAMES[transport.kind]} transport wrapper`);
  return {
    data: { listen: connectorListenEndpoint(values), server },
    api,
    clientId,
    transport,
    userCheckDisabled: values.user_check_disable || process.platform !== "linux",
    keys,
    log,
    connectionLimits: connectionLimitsOf(values, log, 1),
    closeTimeoutMs: CLOSE_TIMEOUT_MS,
  };
}

/** The order of precedence is that of acra-formats.md §5.5: TLS, raw, Secure Session. */
export function chooseTransport(
  values: ConnectorValues,
  server: Endpoint,
  apiServer: Endpoint,
): ConnectorTransport {
  const named = readMaterial(values);
  if (!values.acraserver_tls_transport_enable) {
    return values.acraserver_transport_encryption_disable
      ? { kind: "raw" }
      : { kind: "secure-session" };
  }
  const setupFor = (endpoint: Endpoint) =>
    prepareTls(values, named, (material) =>
      createTlsClientSetup(material, "authority-and-name", expectedName(values, endpoint)),
    );
  return { kind: "tls", data: setupFor(server), api: setupFor(apiServer) };
}

/** @throws ConfigError when there is nothing that the certificate could be compared with. */
function expectedName(values: ConnectorValues, endpoint: Endpoint): string {
  if (values.tls_acraserver_sni !== "") {
    return values.tls_acraserver_sni;
  }
  if (endpoint.kind === "tcp") {
    return endpoint.host;
  }
  throw new ConfigError(
    "TLS over a unix socket needs the name that the server's certificate is for",
    "set --tls_acraserver_sni",
    { code: EVENT.transportMisconfigured },
  );
}

/** @throws ConfigError when no server is named. */
export function chooseServer(values: ConnectorValues): Endpoint {
  if (values.acraserver_connection_host !== "") {
    return hostEndpoint(values.acraserver_connection_host, values.acraserver_connection_port);
  }
  if (values.acraserver_connection_string === "") {
    throw new ConfigError(
      "Configuration error: you must pass acraserver_connection_host or acraserver_connection_string parameter",
      "name the server, as in --acraserver_connection_host=10.0.0.5",
    );
  }
  return readEndpoint("acraserver_connection_string", values.acraserver_connection_string);
}

function chooseApiServer(values: ConnectorValues): Endpoint {
  if (values.acraserver_connection_host !== "") {
    return hostEndpoint(values.acraserver_connection_host, values.acraserver_api_connection_port);
  }
  if (values.acraserver_api_connection_string === "") {
    throw new ConfigError(
      "Configuration error: you must pass acraserver_connection_host or acraserver_api_connection_string parameter",
      "name the server's HTTP API, as in --acraserver_api_connection_string=tcp://10.0.0.5:9090/",
    );
  }
  return readEndpoint("acraserver_api_connection_string", values.acraserver_api_connection_string);
}

/** Both keys have to be there and usable before anybody is let in. */
function checkKeys(keys: FilesystemConnectorKeys, clientId: string, log: Logger): void {
  log.info("Reading transport keys...");
  check("AcraConnector private key", () => keys.readClientKey());
  log.info(`Client id = ${clientId}, and client key is OK`);
  check("AcraServer public key", () => keys.readServerPublicKey());
  log.info("AcraServer public key is OK");
}

function check(what: string, read: () => unknown): void {
  try {
    read();
  } catch (error) {
    if (!isKeystoreError(error)) {
      throw error;
    }
    throw new ConfigError(
      `Configuration error: can't check that ${what} exists, got error - ${error.message}`,
      error.hint,
      { cause: error },
    );
  }
}
