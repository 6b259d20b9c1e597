/** From the settings of `acra connector` to what a connector runs with, whichever thread it runs in. */

import { ConfigError, type SettingValues } from "../config/mod.ts";
import type { ConnectorOptions, ConnectorTransport } from "../connector/mod.ts";
import {
  FilesystemConnectorKeys,
  isKeystoreError,
  isValidClientId,
  readMasterKey,
} from "../keystore/mod.ts";
import { EVENT, type Logger } from "../log/mod.ts";
import { createTlsClientSetup, type Endpoint } from "../transport/mod.ts";
import type { CommandContext } from "./command.ts";
import { connectionLimitsOf } from "./connection_limits.ts";
import type { CONNECTOR_SETTINGS } from "./connector_settings.ts";
import {
  connectorApiListenEndpoint,
  connectorListenEndpoint,
  hostEndpoint,
  readEndpoint,
} from "./endpoints.ts";
import { CLIENT_ID_RULE } from "./shared_settings.ts";
import { prepareTls, readMaterial } from "./tls_settings.ts";

/** The values of the connector's settings. */
export type ConnectorValues = SettingValues<typeof CONNECTOR_SETTINGS>;

const TRANSPORT_NAMES = { raw: "raw", tls: "TLS", "secure-session": "Secure Session" } as const;
/** The original has no setting for this; long enough for a statement, short for an operator, in ms. */
export const CLOSE_TIMEOUT_MS = 3_000;

/**
 * Makes keys, limits and TLS for one of so many `workers`; all of it logs to `log`.
 * @throws ConfigError or KeystoreError for what the operator has to mend.
 */
export function makeConnectorOptions(
  { env, log }: { readonly env: CommandContext["env"]; readonly log: Logger },
  values: ConnectorValues,
  workers: number,
): Omit<ConnectorOptions, "metrics"> {
  const server = chooseServer(values);
  const api = values.http_api_enable
    ? { listen: connectorApiListenEndpoint(values), server: chooseApiServer(values) }
    : null;
  const masterKey = readMasterKey(env);
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
    connectionLimits: connectionLimitsOf(values, log, workers),
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
