/** From the server's settings to TLS on its two sides (acra-cli.md §5.4, acra-proxy.md §5.1.8). */

import { ConfigError, type SettingValues } from "../config/mod.ts";
import { EVENT } from "../log/mod.ts";
import type { ServerTls } from "../server/mod.ts";
import {
  CLIENT_CERTIFICATE_POLICIES,
  createTlsClientSetup,
  createTlsServerSetup,
  type ServerVerification,
} from "../transport/mod.ts";
import type { SERVER_SETTINGS } from "./server_settings.ts";
import { isIdentifier, type MaterialNames, prepareTls, readMaterial } from "./tls_settings.ts";

type ServerValues = SettingValues<typeof SERVER_SETTINGS>;

const CLIENT: MaterialNames = {
  cert: "tls_client_cert",
  key: "tls_client_key",
  ca: "tls_client_ca",
};
const DATABASE: MaterialNames = {
  cert: "tls_database_cert",
  key: "tls_database_key",
  ca: "tls_database_ca",
};

/** How far the certificate of the database is looked at; 0.82 always did it whole. */
const VERIFICATION: Readonly<Record<string, ServerVerification>> = {
  mirror: "authority-and-name",
  require: "none",
  "verify-ca": "authority",
  "verify-full": "authority-and-name",
};

/**
 * Reads the files and checks that the settings go together.
 * @throws ConfigError for what the operator has to mend.
 */
export function makeServerTls(values: ServerValues): ServerTls {
  const server = makeServerSide(values);
  checkServerSide(values, server);
  return {
    server,
    database: prepareTls(values, readMaterial(values, DATABASE), (material) =>
      createTlsClientSetup(
        material,
        VERIFICATION[values.tls_database_mode] ?? "authority-and-name",
        expectedName(values),
      ),
    ),
    policy: {
      client: server === null ? "unavailable" : clientPolicy(values),
      database: databasePolicy(values),
    },
    identifier: identifierOf(values),
  };
}

function makeServerSide(values: ServerValues): ServerTls["server"] {
  const named = readMaterial(values, CLIENT);
  const { identity } = named.material;
  if (identity === null) {
    return null;
  }
  const auth = values.tls_client_auth === -1 ? values.tls_auth : values.tls_client_auth;
  return prepareTls(values, named, (material) =>
    createTlsServerSetup(
      { ...material, identity },
      CLIENT_CERTIFICATE_POLICIES[auth] ?? "require-and-verify",
    ),
  );
}

function checkServerSide(values: ServerValues, server: ServerTls["server"]): void {
  const needing = (
    [
      "acraconnector_tls_transport_enable",
      "tls_client_required",
      "tls_client_id_from_cert",
    ] as const
  ).find((name) => values[name]);
  if (server === null && needing !== undefined) {
    throw misconfigured(
      `--${needing} needs a certificate: To support TLS connections you must pass TLS key and certificate for AcraServer that will be used`,
      "set --tls_cert and --tls_key",
    );
  }
  if (values.tls_client_id_from_cert && !/verify/.test(server?.clientCertificates ?? "")) {
    throw misconfigured(
      "--tls_client_id_from_cert needs certificates that were checked: anybody can make one with any name",
      "set --tls_auth=4",
    );
  }
  if (values.tls_database_direct && ["mirror", "disable"].includes(values.tls_database_mode)) {
    throw misconfigured(
      `--tls_database_direct says how TLS begins, and --tls_database_mode=${values.tls_database_mode} does not begin it`,
      "set --tls_database_mode=verify-full as well",
    );
  }
}

function misconfigured(message: string, hint: string): ConfigError {
  return new ConfigError(message, hint, { code: EVENT.transportMisconfigured });
}

function clientPolicy(values: ServerValues): ServerTls["policy"]["client"] {
  return values.tls_client_required ? "required" : "allowed";
}

function databasePolicy(values: ServerValues): ServerTls["policy"]["database"] {
  switch (values.tls_database_mode) {
    case "mirror":
      return "mirror";
    case "disable":
      return "never";
    default:
      return values.tls_database_direct ? "direct" : "always";
  }
}

function expectedName(values: ServerValues): string {
  return values.tls_db_sni === "" ? values.db_host.replace(/^\[(.*)\]$/, "$1") : values.tls_db_sni;
}

function identifierOf(values: ServerValues): ServerTls["identifier"] {
  const kind = values.tls_identifier_extractor_type;
  return values.tls_client_id_from_cert && isIdentifier(kind) ? kind : null;
}
