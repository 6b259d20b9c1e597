/** `acra doctor connector`: what is wrong with the host of a connector, with the connector's own settings. */

import { defineSettings, type SettingValues } from "../../config/mod.ts";
import {
  type CheckReport,
  checkExposure,
  checkKeys,
  checkLimits,
  checkMasterKey,
  checkServer,
  errorAt,
} from "../../doctor/mod.ts";
import { FilesystemConnectorKeys, isValidClientId, type MasterKey } from "../../keystore/mod.ts";
import { tryLeg } from "../../tls_check/mod.ts";
import { type Endpoint, formatEndpoint, type TlsClientSetup } from "../../transport/mod.ts";
import { type CommandContext, defineCommand } from "../command.ts";
import { chooseServer, chooseTransport } from "../connector_options.ts";
import { CONNECTOR_SETTINGS } from "../connector_settings.ts";
import { connectorApiListenEndpoint, connectorListenEndpoint } from "../endpoints.ts";
import { CLIENT_ID_RULE } from "../shared_settings.ts";
import { SERVER_NAMES } from "../tls/check_connector.ts";
import { describeLeg } from "../tls/report.ts";
import { DOCTOR_SETTINGS } from "./doctor_settings.ts";
import { findTlsFiles, Gathering, reportSettings, SILENT } from "./gather.ts";
import { examineListeners, type NamedListener, workersOf } from "./listeners.ts";
import { printReport } from "./report.ts";

const SETTINGS = defineSettings([...CONNECTOR_SETTINGS, ...DOCTOR_SETTINGS]);

type Values = SettingValues<typeof SETTINGS>;

export const doctorConnectorCommand = defineCommand({
  name: "doctor connector",
  service: "acra-connector",
  kind: "tool",
  logLevel: "warning",
  gathersComplaints: true,
  about:
    "Looks for what is wrong with the host of a connector and says what to do about it: settings, master key, " +
    "keys and their modes, ports, limits, and the way to the server. With Secure Session it makes a whole " +
    "handshake, which proves the keys of both sides. Takes the flags and the file of `acra connector`; changes " +
    "nothing. Exits with 1 when there is a finding.",
  examples: [
    {
      about: "Look at this host",
      line: "acra doctor connector --config_file=configs/acra-connector.yaml",
    },
    {
      about: "The connector has to run; for programs",
      line: "acra doctor connector --client_id=testclientid --acraserver_connection_host=10.0.0.5 --running --json",
    },
  ],
  settings: SETTINGS,
  run: examine,
});

async function examine(context: CommandContext, values: Values): Promise<number> {
  const { report: ofMasterKey, masterKey } = checkMasterKey(context.env);
  const clientId = isValidClientId(values.client_id) ? values.client_id : null;
  const reports = [
    reportSettings(context),
    ...(clientId === null ? [missingClient(values.client_id)] : []),
    ofMasterKey,
    checkKeys({
      folder: values.keys_dir,
      holder: "connector",
      masterKey,
      clientId,
      transportKeys: isSecureSession(values),
      zoneMode: false,
    }),
    ...(await examineListeners("connector", values, listenersOf(values))),
    checkLimits(values.incoming_connection_limit, workersOf(values.workers, listenersOf(values))),
    ...(await examineServer(values, masterKey)),
  ];
  return printReport(context, { host: "connector", reports, notes: [] }, values.json);
}

function missingClient(id: string): CheckReport {
  const what = id === "" ? "it is not set: it names the keys of this connector" : CLIENT_ID_RULE;
  const fix = "name the client, as in --client_id=testclientid";
  return { check: "settings", facts: [], findings: [errorAt("--client_id", what, fix)] };
}

function isSecureSession(values: Values): boolean {
  return !(
    values.acraserver_tls_transport_enable || values.acraserver_transport_encryption_disable
  );
}

function listenersOf(values: Values): readonly NamedListener[] {
  const data = {
    setting: "incoming_connection_string",
    find: () => connectorListenEndpoint(values),
  };
  const api = {
    setting: "incoming_connection_api_string",
    find: () => connectorApiListenEndpoint(values),
  };
  return values.http_api_enable ? [data, api] : [data];
}

/** Whom to connect to, how, and whether that works. */
async function examineServer(
  values: Values,
  masterKey: MasterKey | null,
): Promise<readonly CheckReport[]> {
  const gathering = new Gathering("transport");
  const endpoint = gathering.attempt(() => chooseServer(values));
  if (endpoint === null) {
    return [gathering.report([])];
  }
  const transport = gathering.attempt(() => chooseTransport(values, endpoint, endpoint));
  for (const finding of findTlsFiles(values)) {
    gathering.add(finding);
  }
  if (transport === null) {
    return [gathering.report([])];
  }
  const exposure = checkExposure({
    transport: transport.kind,
    endpoint,
    fix: "use Secure Session (leave out --acraserver_transport_encryption_disable here and --acraconnector_transport_encryption_disable on the server) or TLS; within a closed network of containers it may be meant",
  });
  const clientId = values.client_id;
  const isUsable = transport.kind === "secure-session" && isValidClientId(clientId);
  const keys =
    masterKey === null || !isUsable
      ? null
      : new FilesystemConnectorKeys({ folder: values.keys_dir, clientId, masterKey, log: SILENT });
  const server =
    transport.kind === "tls"
      ? await checkTlsServer(endpoint, transport.data)
      : await checkServer({ endpoint, clientId, transport: transport.kind, keys });
  return [gathering.report([]), exposure, server];
}

async function checkTlsServer(endpoint: Endpoint, setup: TlsClientSetup): Promise<CheckReport> {
  const result = await tryLeg(endpoint, setup, "at-once");
  const { ok, message, hint } = describeLeg("", result, setup, SERVER_NAMES);
  const place = formatEndpoint(endpoint);
  const fix = hint ?? "`acra tls check-connector` tells more";
  return {
    check: "server",
    facts: ok ? [message] : [],
    findings: ok ? [] : [errorAt(place, message, fix)],
  };
}
