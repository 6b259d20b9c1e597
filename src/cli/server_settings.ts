/**
 * The settings of `acra server`: the 39 of Acra 0.82 with their names, types and defaults (acra-cli.md
 * §8.1); TLS for each side, as later versions name it (§16.5); and what is ours.
 */

import { COMMON_SETTINGS, defineSettings } from "../config/mod.ts";
import { isValidClientId } from "../keystore/mod.ts";
import {
  CLIENT_ID_RULE,
  CONNECTION_LIMIT_SETTING,
  LOGGING_SETTINGS,
  METRICS_SETTING,
  validatePort,
  validateWorkers,
} from "./shared_settings.ts";
import { SERVER_TLS_SETTINGS, TLS_SETTINGS } from "./tls_settings.ts";

/** A week, in seconds. */
const LONGEST_TIMEOUT = 604_800;

/** Everything that can be set for the server. */
export const SERVER_SETTINGS = defineSettings([
  ...COMMON_SETTINGS,
  ...LOGGING_SETTINGS,
  ...TLS_SETTINGS,
  ...SERVER_TLS_SETTINGS,
  METRICS_SETTING,
  {
    name: "acracensor_config_file",
    type: "string",
    default: "",
    help: "Rules of the query firewall",
    isPath: true,
    unavailable: "The query firewall (AcraCensor)",
  },
  {
    name: "acraconnector_tls_transport_enable",
    type: "boolean",
    default: false,
    help: "Expect TLS from the connector or the application from the first byte on; needs tls_cert and tls_key",
  },
  {
    name: "acraconnector_transport_encryption_disable",
    type: "boolean",
    default: false,
    help: "Accept unencrypted connections; needs client_id unless zonemode_enable is set",
  },
  {
    name: "acrastruct_injectedcell_enable",
    type: "boolean",
    default: false,
    help: "Look for AcraStructs anywhere in a cell, not only as whole cells",
  },
  {
    name: "acrastruct_wholecell_enable",
    type: "boolean",
    default: true,
    help: "Look for AcraStructs that fill a whole cell; always on unless acrastruct_injectedcell_enable is set",
  },
  {
    name: "auth_keys",
    type: "string",
    default: "configs/auth.keys",
    help: "Encrypted accounts of the settings page, served by the HTTP API",
    isPath: true,
  },
  {
    name: "client_id",
    type: "string",
    default: "",
    help: "Client id of all connections that do not announce one themselves",
  },
  {
    name: "db_host",
    type: "string",
    default: "",
    help: "Host of the database; has to be set",
  },
  {
    name: "db_port",
    type: "integer",
    default: 5432,
    help: "Port of the database",
    validate: validatePort,
  },
  {
    name: "ds",
    type: "boolean",
    default: false,
    help: "Serve statistics for debugging on 127.0.0.1:6060",
    unavailable: "The debugging server",
  },
  {
    name: "http_api_enable",
    type: "boolean",
    default: false,
    help: "Open the HTTP API",
  },
  {
    name: "http_api_zones_only",
    type: "boolean",
    default: false,
    help: "Leave nothing of the HTTP API open but /getNewZone and /resetKeyStorage",
  },
  {
    name: "incoming_connection_host",
    type: "string",
    default: "0.0.0.0",
    help: "Address to listen on for applications and connectors",
  },
  {
    name: "incoming_connection_port",
    type: "integer",
    default: 9393,
    help: "Port to listen on for applications and connectors",
    validate: validatePort,
  },
  {
    name: "incoming_connection_string",
    type: "string",
    default: "tcp://0.0.0.0:9393/",
    help: "Where to listen for applications and connectors: tcp://host:port/ or unix:///path",
  },
  {
    name: "incoming_connection_api_port",
    type: "integer",
    default: 9090,
    help: "Port of the HTTP API",
    validate: validatePort,
  },
  {
    name: "incoming_connection_api_string",
    type: "string",
    default: "tcp://0.0.0.0:9090/",
    help: "Where the HTTP API listens: tcp://host:port/ or unix:///path",
  },
  {
    name: "incoming_connection_close_timeout",
    type: "integer",
    default: 10,
    help: "Seconds that running sessions get to end when the server stops",
    validate: (value) =>
      value >= 0 && value <= LONGEST_TIMEOUT
        ? null
        : "has to be a number of seconds, at most a week",
  },
  CONNECTION_LIMIT_SETTING,
  {
    name: "keys_dir",
    type: "string",
    default: ".acrakeys",
    help: "Folder with the keys",
    isPath: true,
  },
  {
    name: "keystore_cache_size",
    type: "integer",
    default: 0,
    help: "Number of keys kept in memory; 0 is no limit, -1 keeps none",
    validate: (value) => (value < -1 ? "has to be -1, 0 or a number of keys" : null),
  },
  {
    name: "mysql_enable",
    type: "boolean",
    default: false,
    help: "Speak the MySQL protocol",
    unavailable: "The MySQL protocol",
  },
  {
    name: "postgresql_enable",
    type: "boolean",
    default: false,
    help: "Speak the PostgreSQL protocol; this is what happens when neither protocol is chosen",
  },
  {
    name: "pgsql_hex_bytea",
    type: "boolean",
    default: false,
    help: "The database sends bytea as hex text; this is the default of PostgreSQL",
  },
  {
    name: "pgsql_escape_bytea",
    type: "boolean",
    default: false,
    help: "The database sends bytea as escaped text",
  },
  {
    name: "poison_detect_enable",
    type: "boolean",
    default: true,
    help: "Look for poison records",
  },
  {
    name: "poison_run_script_file",
    type: "string",
    default: "",
    help: "Program to run when a poison record is read",
    isPath: true,
  },
  {
    name: "poison_shutdown_enable",
    type: "boolean",
    default: false,
    help: "Stop at once when a poison record is read",
  },
  {
    name: "securesession_id",
    type: "string",
    default: "acra_server",
    help: "Id of this server; not used on the wire, has to have the form of a client id",
    validate: (value) => (isValidClientId(value) ? null : CLIENT_ID_RULE),
  },
  {
    name: "workers",
    type: "integer",
    default: 0,
    help: "Threads that serve connections; 0 is one for each core",
    validate: validateWorkers,
  },
  {
    name: "zonemode_enable",
    type: "boolean",
    default: false,
    help: "Decrypt by zone only: rows hold the id of a zone before the data sealed for it",
  },
]);
