/** From the settings of `acra server` to what a server runs with, whichever thread it runs in. */

import { ConfigError, type SettingValues } from "../config/mod.ts";
import { FilesystemKeystore, readMasterKey } from "../keystore/mod.ts";
import { EVENT, type Logger } from "../log/mod.ts";
import type { ServerOptions, ServerTls, ServerTransport } from "../server/mod.ts";
import type { CommandContext } from "./command.ts";
import { connectionLimitsOf } from "./connection_limits.ts";
import { databaseEndpoint, listenEndpoint } from "./endpoints.ts";
import type { SERVER_SETTINGS } from "./server_settings.ts";
import { makeServerTls } from "./server_tls.ts";

/** The values of the server's settings. */
export type ServerValues = SettingValues<typeof SERVER_SETTINGS>;

/** What is made of settings in every thread alike. */
export type CommonServerOptions = Omit<ServerOptions, "api" | "metrics" | "log">;

const TRANSPORT_NAMES = { raw: "raw", tls: "TLS", "secure-session": "Secure Session" } as const;

/**
 * Makes keys, limits and TLS for one of so many `workers`.
 * @throws ConfigError or KeystoreError for what the operator has to mend.
 */
export function makeServerOptions(
  { env, log }: Pick<CommandContext, "env" | "log">,
  values: ServerValues,
  workers: number,
): CommonServerOptions {
  const masterKey = readMasterKey(env);
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
    connectionLimits: connectionLimitsOf(values, log, workers),
    closeTimeoutMs: values.incoming_connection_close_timeout * 1_000,
  };
}

/** How AcraStructs are looked for. */
export function cellModeOf(values: ServerValues): ServerOptions["cellMode"] {
  return values.acrastruct_injectedcell_enable ? "injected-cell" : "whole-cell";
}

/** The order of precedence is that of acra-formats.md §5.5: TLS, raw, Secure Session. */
function chooseTransport(
  values: ServerValues,
  log: Logger,
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
