/** The TLS settings of server and connector, and what becomes of them (acra-cli.md §5.4, §16.5). */

import { readFileSync } from "node:fs";
import { ConfigError, codeOf, defineSettings } from "../config/mod.ts";
import { EVENT } from "../log/mod.ts";
import {
  CERTIFICATE_IDENTIFIERS,
  type CertificateIdentifier,
  CLIENT_CERTIFICATE_POLICIES,
  type TlsIdentity,
  type TlsMaterial,
  TlsMaterialError,
} from "../transport/mod.ts";

const HIGHEST_AUTH = CLIENT_CERTIFICATE_POLICIES.length - 1;

/** When TLS is spoken with the database. */
export const DATABASE_MODES = ["mirror", "disable", "require", "verify-ca", "verify-full"] as const;

/** One of {@link DATABASE_MODES}. */
export type DatabaseMode = (typeof DATABASE_MODES)[number];

function oneOf(values: readonly string[]): (value: string) => string | null {
  return (value) => (values.includes(value) ? null : `has to be one of ${values.join(", ")}`);
}

/** The TLS settings that both daemons have. */
export const TLS_SETTINGS = defineSettings([
  {
    name: "tls_auth",
    type: "integer",
    default: 4,
    help: "Certificate demanded of those who connect: 0 none, 1 asked for, 2 any, 3 checked if given, 4 needed and checked",
    validate: (value) => (value >= 0 && value <= HIGHEST_AUTH ? null : "has to be from 0 to 4"),
  },
  {
    name: "tls_ca",
    type: "string",
    default: "",
    help: "File with the certificates of the only authorities to trust; those of the system when empty",
    isPath: true,
  },
  {
    name: "tls_cert",
    type: "string",
    default: "",
    help: "File with the own certificate, and with those of authorities between it and a trusted one; needs tls_key",
    isPath: true,
  },
  {
    name: "tls_key",
    type: "string",
    default: "",
    help: "File with the private key of the own certificate; needs tls_cert",
    isPath: true,
  },
]);

/** Those that only the server has: one set for each side, and when TLS is spoken. */
export const SERVER_TLS_SETTINGS = defineSettings([
  {
    name: "tls_client_auth",
    type: "integer",
    default: -1,
    help: "The same as tls_auth, for connectors and applications; -1 takes the value of tls_auth",
    validate: (value) => (value >= -1 && value <= HIGHEST_AUTH ? null : "has to be from -1 to 4"),
  },
  {
    name: "tls_client_ca",
    type: "string",
    default: "",
    help: "Authorities that sign for connectors and applications; tls_ca when empty",
    isPath: true,
  },
  {
    name: "tls_client_cert",
    type: "string",
    default: "",
    help: "Certificate shown to connectors and applications; tls_cert when empty",
    isPath: true,
  },
  {
    name: "tls_client_key",
    type: "string",
    default: "",
    help: "Private key of tls_client_cert",
    isPath: true,
  },
  {
    name: "tls_client_id_from_cert",
    type: "boolean",
    default: false,
    help: "Take the client id from the certificate of the connector or application, in TLS and raw transport",
  },
  {
    name: "tls_client_required",
    type: "boolean",
    default: false,
    help: "Refuse applications that do not ask for TLS in the database protocol",
  },
  {
    name: "tls_identifier_extractor_type",
    type: "string",
    default: "distinguished_name",
    help: "What of a certificate makes the client id: distinguished_name or serial_number",
    validate: oneOf(CERTIFICATE_IDENTIFIERS),
  },
  {
    name: "tls_database_ca",
    type: "string",
    default: "",
    help: "Authorities that sign for the database; tls_ca when empty",
    isPath: true,
  },
  {
    name: "tls_database_cert",
    type: "string",
    default: "",
    help: "Certificate shown to the database; tls_cert when empty",
    isPath: true,
  },
  {
    name: "tls_database_direct",
    type: "boolean",
    default: false,
    help: "Begin TLS with the database at once, without asking for it first; needs PostgreSQL 17",
  },
  {
    name: "tls_database_key",
    type: "string",
    default: "",
    help: "Private key of tls_database_cert",
    isPath: true,
  },
  {
    name: "tls_database_mode",
    type: "string",
    default: "mirror",
    help: "TLS with the database: mirror (when the application asks for it, with the certificate checked), disable, require (not checked), verify-ca or verify-full",
    validate: oneOf(DATABASE_MODES),
  },
  {
    name: "tls_db_sni",
    type: "string",
    default: "",
    help: "Name expected in the certificate of the database; db_host when empty",
    aliases: ["tls_database_sni"],
  },
]);

/** A triple of settings that name certificate, key and authorities. */
export interface MaterialNames {
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
}

/** The settings that hold for whatever has none of its own. */
const BASE: MaterialNames = { cert: "tls_cert", key: "tls_key", ca: "tls_ca" };

type Paths = Readonly<Record<string, unknown>>;

/** What was read, and which settings it came from. */
export interface NamedMaterial {
  readonly material: TlsMaterial;
  readonly names: MaterialNames;
}

/**
 * Reads certificate, key and authorities; where a side has none of its own, those of `tls_*`.
 * @throws ConfigError that names the setting and the file.
 */
export function readMaterial(values: Paths, own: MaterialNames = BASE): NamedMaterial {
  const hasOwn = pathOf(values, own.cert) !== "" || pathOf(values, own.key) !== "";
  const pair = hasOwn ? own : BASE;
  const ca = pathOf(values, own.ca) === "" ? BASE.ca : own.ca;
  return {
    material: {
      identity: readIdentity(values, pair),
      ca: pathOf(values, ca) === "" ? null : readPem(values, ca),
    },
    names: { cert: pair.cert, key: pair.key, ca },
  };
}

/**
 * Half a pair is a mistake (B-5 of acra-cli.md §15).
 * @throws ConfigError when one of the two is set, or a file cannot be read.
 */
function readIdentity(values: Paths, { cert, key }: MaterialNames): TlsIdentity | null {
  const hasCert = pathOf(values, cert) !== "";
  if (hasCert !== (pathOf(values, key) !== "")) {
    const [given, missing] = hasCert ? [cert, key] : [key, cert];
    throw new ConfigError(
      `--${given} is set without --${missing}`,
      "set both to use TLS, or neither",
      TLS_CODE,
    );
  }
  return hasCert ? { cert: readPem(values, cert), key: readPem(values, key) } : null;
}

const TLS_CODE = { code: EVENT.transportMisconfigured };

function readPem(values: Paths, name: string): string {
  const path = pathOf(values, name);
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new ConfigError(
      `Configuration error: can't get config for TLS: --${name}: ${path} cannot be read (${codeOf(error)})`,
      `name a file in PEM form that this user may read`,
      { ...TLS_CODE, cause: error },
    );
  }
}

function pathOf(values: Paths, name: string): string {
  const value = values[name];
  return typeof value === "string" ? value : "";
}

/**
 * Makes a setup of TLS.
 * @throws ConfigError that names the setting where the material cannot be used.
 */
export function prepareTls<Setup>(
  values: Paths,
  { material, names }: NamedMaterial,
  make: (material: TlsMaterial) => Setup,
): Setup {
  try {
    return make(material);
  } catch (error) {
    if (!(error instanceof TlsMaterialError)) {
      throw error;
    }
    const name = names[error.part];
    throw new ConfigError(
      `Configuration error: can't get config for TLS: --${name}: ${pathOf(values, name)} ${error.message}`,
      "`openssl x509 -in FILE -text` and `openssl pkey -in FILE -check` show what a file holds",
      { ...TLS_CODE, cause: error },
    );
  }
}

/** Whether the text is one of the kinds of ids that certificates give; settings are checked for it. */
export function isIdentifier(text: string): text is CertificateIdentifier {
  return CERTIFICATE_IDENTIFIERS.some((known) => known === text);
}
