/** Addresses out of the settings that name them in several ways (acra-cli.md §8.1, §8.2). */

import { ConfigError } from "../config/mod.ts";
import { type Endpoint, EndpointError, parseEndpoint } from "../transport/mod.ts";

const SERVER_HOST = "0.0.0.0";
const SERVER_PORT = 9393;
const SERVER_API_PORT = 9090;
const SERVER_API_STRING = "tcp://0.0.0.0:9090/";
const CONNECTOR_HOST = "127.0.0.1";
const CONNECTOR_PORT = 9494;
const CONNECTOR_API_PORT = 9191;

/**
 * Reads the connection string of a setting.
 * @throws ConfigError that names the setting.
 */
export function readEndpoint(setting: string, text: string): Endpoint {
  try {
    return parseEndpoint(text);
  } catch (error) {
    if (!(error instanceof EndpointError)) {
      throw error;
    }
    throw new ConfigError(
      `--${setting}: ${error.message}`,
      "an address looks like tcp://127.0.0.1:9393/ or unix:///run/acra.sock",
      { cause: error },
    );
  }
}

/** A host, with or without the brackets of an IPv6 address, and a port. */
export function hostEndpoint(host: string, port: number): Endpoint {
  return { kind: "tcp", host: host.replace(/^\[(.*)\]$/, "$1"), port };
}

/** The server listens at its string, unless host or port are given: they win. */
export function listenEndpoint(values: {
  readonly incoming_connection_host: string;
  readonly incoming_connection_port: number;
  readonly incoming_connection_string: string;
}): Endpoint {
  const { incoming_connection_host: host, incoming_connection_port: port } = values;
  if (host !== SERVER_HOST || port !== SERVER_PORT) {
    return hostEndpoint(host, port);
  }
  return readEndpoint("incoming_connection_string", values.incoming_connection_string);
}

/** The HTTP API listens at its string; a port is looked at only when that string has its default (B-10). */
export function apiListenEndpoint(values: {
  readonly incoming_connection_host: string;
  readonly incoming_connection_api_port: number;
  readonly incoming_connection_api_string: string;
}): Endpoint {
  const { incoming_connection_api_port: port, incoming_connection_api_string: text } = values;
  if (port !== SERVER_API_PORT && text === SERVER_API_STRING) {
    return hostEndpoint(values.incoming_connection_host, port);
  }
  return readEndpoint("incoming_connection_api_string", text);
}

/** The connector listens at its string, unless a port is given: it wins. */
export function connectorListenEndpoint(values: {
  readonly incoming_connection_port: number;
  readonly incoming_connection_string: string;
}): Endpoint {
  const { incoming_connection_port: port } = values;
  if (port !== CONNECTOR_PORT) {
    return hostEndpoint(CONNECTOR_HOST, port);
  }
  return readEndpoint("incoming_connection_string", values.incoming_connection_string);
}

/** The connector's side of the HTTP API: its string, unless a port is given. */
export function connectorApiListenEndpoint(values: {
  readonly incoming_connection_api_port: number;
  readonly incoming_connection_api_string: string;
}): Endpoint {
  const { incoming_connection_api_port: port } = values;
  if (port !== CONNECTOR_API_PORT) {
    return hostEndpoint(CONNECTOR_HOST, port);
  }
  return readEndpoint("incoming_connection_api_string", values.incoming_connection_api_string);
}

/** Where the server finds its database. */
export function databaseEndpoint(values: {
  readonly db_host: string;
  readonly db_port: number;
}): Endpoint {
  return hostEndpoint(values.db_host, values.db_port);
}
