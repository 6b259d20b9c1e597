/**
 * Connection strings in both forms of the original's driver, `postgres://…` and `host=… port=…`
 * (acra-formats.md §8.4, acra-cli.md §8.7). What they leave out comes from PGHOST and its kin.
 */

/** Where the database is, and how to enter. */
export interface ConnectionSettings {
  /** A name, an address, or the folder of a unix socket. */
  readonly host: string;
  readonly port: number;
  readonly user: string | null;
  readonly password: string | null;
  readonly database: string | null;
  readonly sslMode: SslMode;
  /** Paths of PEM files. */
  readonly sslRootCertificate: string | null;
  readonly sslCertificate: string | null;
  readonly sslKey: string | null;
  /** Seconds. */
  readonly connectTimeout: number;
  /** Further settings of the session, such as `application_name` or `search_path`. */
  readonly parameters: Readonly<Record<string, string>>;
}

/** How much TLS the operator wants. */
export type SslMode = "disable" | "prefer" | "require" | "verify-ca" | "verify-full";

type Environment = Readonly<Record<string, string | undefined>>;

// Specification: what the original's driver assumes.
const DEFAULT_HOST = "localhost";
const DEFAULT_PORT = 5432;
const DEFAULT_SSL_MODE = "require";
/** Ours: the original waits for ever. */
const DEFAULT_TIMEOUT = 30;

const URL_SCHEME = /^postgres(?:ql)?:\/\//;
const PAIR =
  /\s*(?<key>\w+)\s*=\s*(?:'(?<quoted>(?:[^'\\]|\\.)*)'|(?<plain>(?:[^\s'\\]|\\.)*))(?=\s|$)/sy;
const SSL_MODES: ReadonlyMap<string, SslMode> = new Map([
  ["disable", "disable"],
  ["allow", "prefer"],
  ["prefer", "prefer"],
  ["require", "require"],
  ["verify-ca", "verify-ca"],
  ["verify-full", "verify-full"],
]);

/** Keys that are for the driver, not for the session; those that we do not know what to do with are ignored. */
const DRIVER_KEYS = new Set([
  ...["host", "hostaddr", "port", "user", "password", "dbname", "passfile", "service"],
  ...["sslmode", "sslrootcert", "sslcert", "sslkey", "sslinline", "sslsni", "sslcrl"],
  ...["connect_timeout", "binary_parameters", "fallback_application_name", "client_encoding"],
  ...["gssencmode", "channel_binding", "keepalives", "target_session_attrs"],
]);

/**
 * Reads a connection string.
 * @throws SyntaxError that says what is wrong and never repeats the string: it may hold a password.
 */
export function parseConnectionString(text: string, env: Environment): ConnectionSettings {
  const given = URL_SCHEME.test(text) ? parseUrl(text) : parsePairs(text);
  const find = (key: string, variable: string | null) => {
    const value = given.get(key) ?? (variable === null ? undefined : env[variable]);
    return value === undefined || value === "" ? null : value;
  };
  checkEncoding(given.get("client_encoding"));
  return {
    host: find("host", "PGHOST") ?? DEFAULT_HOST,
    port: parseNumber("port", find("port", "PGPORT"), DEFAULT_PORT, 65_535),
    user: find("user", "PGUSER"),
    password: find("password", "PGPASSWORD"),
    database: find("dbname", "PGDATABASE"),
    sslMode: parseSslMode(find("sslmode", "PGSSLMODE") ?? DEFAULT_SSL_MODE),
    sslRootCertificate: find("sslrootcert", "PGSSLROOTCERT"),
    sslCertificate: find("sslcert", "PGSSLCERT"),
    sslKey: find("sslkey", "PGSSLKEY"),
    connectTimeout: parseNumber(
      "connect_timeout",
      find("connect_timeout", "PGCONNECT_TIMEOUT"),
      DEFAULT_TIMEOUT,
      86_400,
    ),
    parameters: Object.fromEntries([...given].filter(([key]) => !DRIVER_KEYS.has(key))),
  };
}

function parseUrl(text: string): Map<string, string> {
  try {
    const url = new URL(text);
    const pairs = new Map(url.searchParams);
    const parts = {
      host: url.hostname.replace(/^\[(.*)\]$/, "$1"),
      port: url.port,
      user: url.username,
      password: url.password,
      dbname: url.pathname.slice(1),
    };
    for (const [key, value] of Object.entries(parts)) {
      if (value !== "") {
        pairs.set(key, decodeURIComponent(value));
      }
    }
    return pairs;
  } catch {
    throw new SyntaxError("it is not a valid URL; special characters in it are written as %XX");
  }
}

function parsePairs(text: string): Map<string, string> {
  const pairs = new Map<string, string>();
  const trimmed = text.trim();
  const pattern = new RegExp(PAIR);
  while (pattern.lastIndex < trimmed.length) {
    const groups = pattern.exec(trimmed)?.groups;
    if (groups === undefined) {
      throw new SyntaxError(
        "it is neither a URL postgres://USER@HOST/DATABASE nor a list of NAME=VALUE; values with blanks stand in single quotes",
      );
    }
    const value = groups["quoted"] ?? groups["plain"] ?? "";
    pairs.set(groups["key"] ?? "", value.replace(/\\(.)/gs, "$1"));
  }
  return pairs;
}

function parseSslMode(text: string): SslMode {
  const mode = SSL_MODES.get(text);
  if (mode === undefined) {
    throw new SyntaxError(`sslmode has to be one of ${[...SSL_MODES.keys()].join(", ")}`);
  }
  return mode;
}

function parseNumber(key: string, text: string | null, fallback: number, maximum: number): number {
  if (text === null) {
    return fallback;
  }
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0 || value > maximum) {
    throw new SyntaxError(`${key} has to be a number from 0 to ${maximum}`);
  }
  return value === 0 ? fallback : value;
}

function checkEncoding(encoding: string | undefined): void {
  if (encoding !== undefined && !/^utf-?8$/i.test(encoding)) {
    throw new SyntaxError("client_encoding has to be UTF8");
  }
}
