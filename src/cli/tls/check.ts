/** `acra tls check`: both legs of the server, with its settings. */

import { ConfigError, type SettingValues } from "../../config/mod.ts";
import { tryLeg, tryListener } from "../../tls_check/mod.ts";
import {
  createTlsClientSetup,
  formatEndpoint,
  TlsError,
  type TlsServerSetup,
} from "../../transport/mod.ts";
import { type CommandContext, defineCommand } from "../command.ts";
import { databaseEndpoint } from "../endpoints.ts";
import { SERVER_SETTINGS } from "../server_settings.ts";
import { makeServerTls } from "../server_tls.ts";
import { prepareTls, readMaterial } from "../tls_settings.ts";
import {
  describeCertificate,
  describeLeg,
  formatReport,
  type HintNames,
  type LegReport,
  warnOfEnd,
} from "./report.ts";

type ServerValues = SettingValues<typeof SERVER_SETTINGS>;

/** The settings to change for the leg to the database. */
export const DATABASE_NAMES: HintNames = {
  peer: "the database",
  name: "--tls_db_sni",
  ca: "--tls_database_ca or --tls_ca",
  identity: "--tls_database_cert and --tls_database_key",
  address: "--db_host and --db_port",
  noTls: "set `ssl = on` in the database, or --tls_database_mode=disable here",
};

/** What applications have to show, by policy. */
const DEMANDS = {
  none: "no certificate",
  request: "nothing; a certificate is asked for and not checked",
  "require-any": "any certificate",
  "verify-if-given": "nothing, but a certificate that is shown has to be good",
  "require-and-verify":
    "a certificate of an authority that is trusted here (--tls_client_ca or --tls_ca)",
} as const;

export const tlsCheckCommand = defineCommand({
  name: "tls check",
  service: "acra-server",
  kind: "tool",
  logLevel: "warning",
  about:
    "Tries TLS with the settings of the server: with the database, and with the side that applications will " +
    "see. Says which side refuses and why, and what to change. The server need not run. Exits with 1 when a " +
    "leg fails.",
  examples: [
    {
      about: "Check the settings of a file",
      line: "acra tls check --config_file=configs/acra-server.yaml",
    },
  ],
  settings: SERVER_SETTINGS,
  run: check,
});

async function check(context: CommandContext, values: ServerValues): Promise<number> {
  if (values.db_host === "") {
    throw new ConfigError("--db_host is missing", "name the host of the database");
  }
  const { server, database, policy } = makeServerTls(values);
  const target = databaseEndpoint(values);
  const leg = `database ${formatEndpoint(target)}`;
  let shown: Uint8Array | null = null;
  let report: LegReport;
  if (policy.database === "never") {
    const message = "TLS is not spoken (--tls_database_mode=disable)";
    report = { ok: true, leg, message, details: [], hint: null };
  } else {
    const beginning = policy.database === "direct" ? "postgresql-direct" : "ask-first";
    const result = await tryLeg(target, database, beginning);
    shown = result.ok ? (result.peer.certificate?.raw ?? null) : null;
    report = describeLeg(leg, result, database, DATABASE_NAMES);
  }
  const clients = await checkClients(values, server, shown);
  context.stdout.write(formatReport(report) + formatReport(clients));
  return report.ok && clients.ok ? 0 : 1;
}

async function checkClients(
  values: ServerValues,
  server: TlsServerSetup | null,
  ofDatabase: Uint8Array | null,
): Promise<LegReport> {
  const leg = "applications";
  if (server === null) {
    const hint = "set --tls_cert and --tls_key to let applications ask for TLS";
    return { ok: true, leg, message: "no certificate is set, so no TLS", details: [], hint };
  }
  const { material, names } = readMaterial(values);
  const setup = prepareTls(
    values,
    { material: { identity: null, ca: material.ca }, names },
    (own) => createTlsClientSetup(own, "none", "localhost"),
  );
  try {
    const { certificate, trusted, complaint, version, cipher } = await tryListener(server, setup);
    const authority = material.ca === null ? "an authority of the system" : "--tls_ca";
    const expired = complaint?.reason === "expired";
    return {
      ok: !expired,
      leg,
      message: expired
        ? "they will refuse our certificate: it is not valid at this time"
        : `TLS stands: ${version}, ${cipher}`,
      details: [
        ...(certificate === null ? [] : describeCertificate(certificate)),
        // What is out of date is not looked at any further.
        ...(expired ? [] : [`its chain ${trusted ? "leads" : "does not lead"} to ${authority}`]),
        `they have to show ${DEMANDS[server.clientCertificates]}`,
        ...describeBinding(server.certificate, ofDatabase),
      ],
      hint: certificate === null ? null : warnOfEnd(certificate),
    };
  } catch (error) {
    if (!(error instanceof TlsError)) {
      throw error;
    }
    const hint = "check --tls_client_cert or --tls_cert, and the key beside it";
    return { ok: false, leg, message: error.message, details: [], hint };
  }
}

function describeBinding(own: Uint8Array, ofDatabase: Uint8Array | null): string[] {
  if (ofDatabase === null) {
    return [];
  }
  return Buffer.from(own).equals(ofDatabase)
    ? ["channel binding works: we show the certificate of the database"]
    : [
        "channel binding cannot work: we show another certificate than the database; clients that insist on it need channel_binding=disable",
      ];
}
