/** Connections of the driver, as our tools need them. */

import { readFileSync } from "node:fs";
import postgres from "postgres";
import type { ConnectionSettings } from "./connection_string.ts";
import { describeCause } from "./describe_cause.ts";

// Specification: number of the type `text` in PostgreSQL, and of those that the driver would convert.
const TEXT = 25;
const CONVERTED = [16, 17, 20, 21, 23, 26, 114, 700, 701, 1082, 1114, 1184, 3802];

/** What the driver is asked with. */
export type Sql = ReturnType<typeof connect>;

/**
 * One connection, made when it is first used; `closed` is called when it is gone.
 * @throws Error that names the file of a certificate or key that cannot be read.
 */
export function connect(settings: ConnectionSettings, applicationName: string, closed: () => void) {
  const { host, port } = settings;
  const isSocket = host.startsWith("/");
  const options: postgres.Options<{ text: postgres.PostgresType<string> }> = {
    ...(isSocket ? { path: `${host}/.s.PGSQL.${port}` } : {}),
    ...(settings.user === null ? {} : { user: settings.user }),
    ...(settings.password === null ? {} : { password: settings.password }),
    ...(settings.database === null ? {} : { database: settings.database }),
    ssl: isSocket ? false : toTlsOptions(settings),
    connection: { application_name: applicationName, ...settings.parameters },
    connect_timeout: settings.connectTimeout,
    max: 1,
    // The work may take longer than any lifetime of connections.
    idle_timeout: 0,
    max_lifetime: null,
    fetch_types: false,
    onnotice: () => {},
    onclose: closed,
    types: {
      // Parameters are texts already, whatever their type: the driver's own conversions would change them.
      text: {
        to: TEXT,
        from: CONVERTED,
        serialize: (text: string) => text,
        parse: (text: string) => text,
      },
    },
  };
  // Lists, which the driver takes though its types do not say so: it would cut a text at IPv6's colons.
  return postgres(Object.assign(options, { host: [host], port: [port] }));
}

function toTlsOptions(settings: ConnectionSettings) {
  const { sslMode, sslRootCertificate, sslCertificate, sslKey } = settings;
  if (sslMode === "disable" || sslMode === "prefer") {
    return sslMode === "prefer" ? sslMode : false;
  }
  const isChecked = sslMode !== "require" || sslRootCertificate !== null;
  return {
    rejectUnauthorized: isChecked,
    ...(sslRootCertificate === null ? {} : { ca: readPem("sslrootcert", sslRootCertificate) }),
    ...(sslCertificate === null ? {} : { cert: readPem("sslcert", sslCertificate) }),
    ...(sslKey === null ? {} : { key: readPem("sslkey", sslKey) }),
    ...(sslMode === "verify-full" ? {} : { checkServerIdentity: () => undefined }),
  };
}

function readPem(key: string, path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new Error(`the file of ${key}: ${describeCause(cause)}`, { cause });
  }
}
