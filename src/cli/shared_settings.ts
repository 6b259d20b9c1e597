/** Settings and checks that server and connector share (acra-cli.md §5, §6.1). */

import { ConfigError, defineSettings } from "../config/mod.ts";

/** Why TLS settings do nothing. */
export const needsTls = "TLS is not supported by this version yet";

/** What is wrong with a client id; the original's sentence, two blanks included (acra-cli.md §5.2). */
export const CLIENT_ID_RULE =
  "Invalid client ID,  5 <= len(client ID) <= 256, only digits, letters and '_', '-', ' ' characters";

/** Ports of TCP; 0 would be an accident. */
export function validatePort(value: number): string | null {
  return value >= 1 && value <= 65535 ? null : "has to be a port from 1 to 65535";
}

/** Format and level of the log. */
export const LOGGING_SETTINGS = defineSettings([
  {
    name: "logging_format",
    type: "string",
    default: "plaintext",
    help: "Format of the log: plaintext, json or cef",
  },
  { name: "d", type: "boolean", default: false, help: "Log everything, for debugging" },
  { name: "v", type: "boolean", default: false, help: "Log informational lines too" },
]);

/** The TLS settings that both daemons have (acra-cli.md §5.4). */
export const TLS_SETTINGS = defineSettings([
  {
    name: "tls_auth",
    type: "integer",
    default: 4,
    help: "Certificate demanded of peers: 0 none, 1 asked for, 2 any, 3 checked if given, 4 needed and checked",
    validate: (value) => (value >= 0 && value <= 4 ? null : "has to be from 0 to 4"),
    inert: needsTls,
  },
  {
    name: "tls_ca",
    type: "string",
    default: "",
    help: "Certificates of authorities to trust besides the system's",
    isPath: true,
    inert: needsTls,
  },
  {
    name: "tls_cert",
    type: "string",
    default: "",
    help: "Own certificate; needs tls_key",
    isPath: true,
    inert: needsTls,
  },
  {
    name: "tls_key",
    type: "string",
    default: "",
    help: "Private key of the own certificate; needs tls_cert",
    isPath: true,
    inert: needsTls,
  },
]);

/** How many sessions there may be. */
export const CONNECTION_LIMIT_SETTING = {
  name: "incoming_connection_limit",
  type: "integer",
  default: 0,
  help: "Sessions at a time; 0 is as many as the limit of open files allows",
  validate: (value: number) => (value < 0 ? "has to be a number of sessions, or 0" : null),
} as const;

/** Where metrics are served. */
export const METRICS_SETTING = {
  name: "prometheus_metrics_address",
  type: "string",
  default: "",
  help: "Where to serve /metrics for Prometheus, /healthz and /readyz: tcp://host:port; nowhere when empty",
  aliases: ["incoming_connection_prometheus_metrics_string"],
} as const;

/**
 * Half a TLS pair is a mistake (B-5 of acra-cli.md §15).
 * @throws ConfigError when one of the two is set.
 */
export function checkTlsPair(values: {
  readonly tls_cert: string;
  readonly tls_key: string;
}): void {
  if ((values.tls_cert === "") !== (values.tls_key === "")) {
    const [given, missing] =
      values.tls_cert === "" ? ["tls_key", "tls_cert"] : ["tls_cert", "tls_key"];
    throw new ConfigError(
      `--${given} is set without --${missing}`,
      `set both to use TLS, or neither`,
    );
  }
}
