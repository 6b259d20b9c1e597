/** `acra doctor server`: what is wrong with the host of a server, with the server's own settings. */

import { defineSettings, FlagError, type SettingValues } from "../../config/mod.ts";
import type { ConnectionSettings } from "../../db_client/mod.ts";
import {
  type CheckReport,
  type ColumnName,
  checkDatabase,
  checkExposure,
  checkKeys,
  checkLimits,
  checkMasterKey,
  checkPoison,
  errorAt,
  lookInside,
  parseColumnNames,
} from "../../doctor/mod.ts";
import {
  FilesystemKeystore,
  isKeystoreError,
  isValidClientId,
  listKeys,
  type MasterKey,
} from "../../keystore/mod.ts";
import { tryLeg } from "../../tls_check/mod.ts";
import { formatEndpoint } from "../../transport/mod.ts";
import { type CommandContext, defineCommand } from "../command.ts";
import { readConnectionString } from "../connection_string.ts";
import { apiListenEndpoint, databaseEndpoint, listenEndpoint } from "../endpoints.ts";
import { checkServerTransport } from "../server_options.ts";
import { SERVER_SETTINGS } from "../server_settings.ts";
import { makeServerTls } from "../server_tls.ts";
import { DATABASE_NAMES } from "../tls/check.ts";
import { describeLeg } from "../tls/report.ts";
import { DATABASE_SETTINGS, DOCTOR_SETTINGS } from "./doctor_settings.ts";
import { findTlsFiles, Gathering, reportSettings, SILENT } from "./gather.ts";
import { examineListeners, type NamedListener, workersOf } from "./listeners.ts";
import { printReport } from "./report.ts";

const SETTINGS = defineSettings([...SERVER_SETTINGS, ...DOCTOR_SETTINGS, ...DATABASE_SETTINGS]);

type Values = SettingValues<typeof SETTINGS>;

export const doctorServerCommand = defineCommand({
  name: "doctor server",
  service: "acra-server",
  kind: "tool",
  logLevel: "warning",
  gathersComplaints: true,
  about:
    "Looks for what is wrong with the host of a server and says what to do about it: settings, master key, keys " +
    "and their modes, ports, limits, the way to the database, its bytea_output, and whether protected columns " +
    "hold AcraStructs only. Takes the flags and the file of `acra server`; changes nothing. For the inside of " +
    "the database it needs a login that may read. Exits with 1 when there is a finding.",
  examples: [
    {
      about: "Look at this host before the server is started",
      line: "acra doctor server --config_file=configs/acra-server.yaml",
    },
    {
      about: "Also look into the database, whether two columns hold AcraStructs only",
      line: 'PGPASSWORD=… acra doctor server --db_host=10.0.0.7 --connection_string="user=auditor dbname=shop" --columns=cards.number,cards.holder',
    },
  ],
  settings: SETTINGS,
  run: examine,
});

async function examine(context: CommandContext, values: Values): Promise<number> {
  const columns = readColumns(values.columns);
  const { report: ofMasterKey, masterKey } = checkMasterKey(context.env);
  const transport = reportTransport(values);
  const inside = await examineInside(context, values, { columns, masterKey });
  const reports = [
    reportSettings(context),
    ofMasterKey,
    checkKeys({
      folder: values.keys_dir,
      holder: "server",
      masterKey,
      clientId: fixedClient(values),
      transportKeys: kindOf(values) === "secure-session",
      zoneMode: values.zonemode_enable,
    }),
    checkPoison({
      folder: values.keys_dir,
      detect: values.poison_detect_enable,
      scriptFile: values.poison_run_script_file,
      shutdown: values.poison_shutdown_enable,
    }),
    ...transport,
    ...(await examineListeners("server", values, listenersOf(values))),
    checkLimits(values.incoming_connection_limit, workersOf(values.workers, listenersOf(values))),
    ...(await examineDatabase(values)),
    ...inside.reports,
  ];
  const notes = inside.notes;
  return printReport(context, { host: "server", reports, notes }, values.json);
}

/** @throws FlagError for what is no list of columns: a mistake in how the doctor was called. */
function readColumns(text: string): readonly ColumnName[] {
  try {
    return parseColumnNames(text);
  } catch (error) {
    if (error instanceof SyntaxError) {
      throw new FlagError(`invalid value for flag -columns: ${error.message}`);
    }
    throw error;
  }
}

function kindOf(values: Values): "raw" | "tls" | "secure-session" {
  if (values.acraconnector_tls_transport_enable) {
    return "tls";
  }
  return values.acraconnector_transport_encryption_disable ? "raw" : "secure-session";
}

/** The client whose keys the server uses for everybody, when the settings name one. */
function fixedClient(values: Values) {
  const { client_id: id } = values;
  return kindOf(values) !== "secure-session" && isValidClientId(id) ? id : null;
}

function reportTransport(values: Values): readonly CheckReport[] {
  const gathering = new Gathering("transport");
  const tls = gathering.attempt(() => makeServerTls(values));
  if (tls !== null) {
    gathering.attempt(() => checkServerTransport(values, tls));
  }
  for (const finding of findTlsFiles(values)) {
    gathering.add(finding);
  }
  const endpoint = gathering.attempt(() => listenEndpoint(values));
  const exposure =
    endpoint === null
      ? []
      : [
          checkExposure({
            transport: kindOf(values),
            endpoint,
            fix: "listen on 127.0.0.1 with --incoming_connection_host, use Secure Session (leave out --acraconnector_transport_encryption_disable) or TLS; within a closed network of containers it may be meant",
          }),
        ];
  return [gathering.report([]), ...exposure];
}

function listenersOf(values: Values): readonly NamedListener[] {
  return [
    { setting: "incoming_connection_string", find: () => listenEndpoint(values) },
    ...(values.http_api_enable
      ? [{ setting: "incoming_connection_api_string", find: () => apiListenEndpoint(values) }]
      : []),
  ];
}

async function examineDatabase(values: Values): Promise<readonly CheckReport[]> {
  const check = "database";
  if (values.db_host === "") {
    const finding = errorAt(
      "--db_host",
      "it is not set: the server does not know its database",
      "name the database's host, as in --db_host=127.0.0.1",
    );
    return [{ check, facts: [], findings: [finding] }];
  }
  const endpoint = databaseEndpoint(values);
  const needsTls = !["mirror", "disable"].includes(values.tls_database_mode);
  const reached = await checkDatabase({ endpoint, needsTls });
  const tls = new Gathering("database").attempt(() => makeServerTls(values));
  if (!needsTls || reached.findings.length > 0 || tls === null) {
    return [reached];
  }
  const beginning = tls.policy.database === "direct" ? "postgresql-direct" : "ask-first";
  const result = await tryLeg(endpoint, tls.database, beginning);
  const { ok, message, hint } = describeLeg("", result, tls.database, DATABASE_NAMES);
  const place = formatEndpoint(endpoint);
  const findings = ok ? [] : [errorAt(place, message, hint ?? "`acra tls check` tells more")];
  return [reached, { check, facts: ok ? [message] : [], findings }];
}

interface InsideOptions {
  readonly columns: readonly ColumnName[];
  readonly masterKey: MasterKey | null;
}

/** Looks into the database when somebody says how to log in. */
async function examineInside(
  { env }: CommandContext,
  values: Values,
  { columns, masterKey }: InsideOptions,
): Promise<{ readonly reports: readonly CheckReport[]; readonly notes: readonly string[] }> {
  if (values.connection_string === "" && (env["PGUSER"] ?? "") === "") {
    const what = columns.length === 0 ? "bytea_output and columns were" : "--columns was";
    const note = `${what} not looked at: say how to log in to the database with --connection_string, or PGUSER, PGPASSWORD and PGDATABASE`;
    return { reports: [], notes: [note] };
  }
  const connection = readConnection(values, env);
  const keys = values.zonemode_enable || masterKey === null ? null : collectKeys(values, masterKey);
  const reports = await lookInside({
    connection,
    connectionLimit: values.incoming_connection_limit,
    byteaOutput: values.pgsql_escape_bytea && !values.pgsql_hex_bytea ? "escape" : "hex",
    columns: columns.map((name) => ({
      name,
      sampleRows: values.sample_rows,
      cellMode: values.acrastruct_injectedcell_enable ? "injected-cell" : "whole-cell",
      keys,
    })),
  });
  const isElsewhere = connection.host !== values.db_host || connection.port !== values.db_port;
  const notes = [
    ...(columns.length === 0 ? ["no column was looked at: name them with --columns"] : []),
    ...(isElsewhere
      ? [
          `looked into the database on ${connection.host}:${connection.port}, while the server uses ${values.db_host}:${values.db_port}; through acra all columns look like plaintext`,
        ]
      : []),
  ];
  return { reports, notes };
}

/** What the connection string leaves out comes from the server's own settings. */
function readConnection(values: Values, env: CommandContext["env"]): ConnectionSettings {
  const defaults = {
    ...(values.db_host === "" ? {} : { PGHOST: values.db_host, PGPORT: String(values.db_port) }),
    PGSSLMODE: env["PGSSLMODE"] ?? "prefer",
  };
  return readConnectionString(values.connection_string, { ...env, ...defaults });
}

/** Storage keys, and the poison key: a poison record is where it should be. `null` when none can be read. */
function collectKeys(values: Values, masterKey: MasterKey) {
  const folder = values.keys_dir;
  try {
    const keystore = new FilesystemKeystore({ folder, masterKey, cacheSize: 0, log: SILENT });
    const fixed = fixedClient(values);
    const ids = listKeys(folder).flatMap(({ kind, id }) => (kind === "storage" && id ? [id] : []));
    const storage = (fixed === null ? ids : [fixed]).map((id) => keystore.findStorageKey(id));
    const keys = [...storage, keystore.findPoisonKey()].filter((key) => key !== null);
    return keys.length === 0 ? null : keys;
  } catch (error) {
    if (!isKeystoreError(error)) {
      throw error;
    }
    return null;
  }
}
