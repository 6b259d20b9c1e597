/** The 32 settings of `acra connector`: names, types and defaults of Acra 0.82 (acra-cli.md §8.2), and what is ours. */

import { COMMON_SETTINGS, defineSettings } from "../config/mod.ts";
import {
  CONNECTION_LIMIT_SETTING,
  LOGGING_SETTINGS,
  METRICS_SETTING,
  validatePort,
  validateWorkers,
} from "./shared_settings.ts";
import { TLS_SETTINGS } from "./tls_settings.ts";

const MODES = ["acraserver", "acratranslator"];

/** Everything that can be set for the connector. */
export const CONNECTOR_SETTINGS = defineSettings([
  ...COMMON_SETTINGS,
  ...LOGGING_SETTINGS,
  ...TLS_SETTINGS,
  METRICS_SETTING,
  {
    name: "acraserver_api_connection_port",
    type: "integer",
    default: 9090,
    help: "Port of the server's HTTP API",
    validate: validatePort,
  },
  {
    name: "acraserver_api_connection_string",
    type: "string",
    default: "",
    help: "The server's HTTP API: tcp://host:port/ or unix:///path",
  },
  {
    name: "acraserver_connection_host",
    type: "string",
    default: "",
    help: "Host of the server; this or acraserver_connection_string has to be set",
  },
  {
    name: "acraserver_connection_port",
    type: "integer",
    default: 9393,
    help: "Port of the server",
    validate: validatePort,
  },
  {
    name: "acraserver_connection_string",
    type: "string",
    default: "",
    help: "The server: tcp://host:port/ or unix:///path; acraserver_connection_host wins over it",
  },
  {
    name: "acraserver_securesession_id",
    type: "string",
    default: "acra_server",
    help: "Id of the server; not used",
  },
  {
    name: "acraserver_tls_transport_enable",
    type: "boolean",
    default: false,
    help: "Speak TLS with the server",
  },
  {
    name: "acraserver_transport_encryption_disable",
    type: "boolean",
    default: false,
    help: "Do not encrypt the connection to the server",
  },
  {
    name: "acratranslator_connection_host",
    type: "string",
    default: "0.0.0.0",
    help: "Host of the translator",
  },
  {
    name: "acratranslator_connection_port",
    type: "integer",
    default: 9696,
    help: "Port of the translator",
    validate: validatePort,
  },
  {
    name: "acratranslator_connection_string",
    type: "string",
    default: "",
    help: "The translator: grpc://host:port/, http://host:port/, tcp://host:port/ or unix:///path",
  },
  {
    name: "acratranslator_securesession_id",
    type: "string",
    default: "acra_translator",
    help: "Id of the translator; not used",
  },
  {
    name: "client_id",
    type: "string",
    default: "",
    help: "Client id of this connector; has to be set, names its keys",
  },
  {
    name: "http_api_enable",
    type: "boolean",
    default: false,
    help: "Carry the server's HTTP API too",
  },
  {
    name: "incoming_connection_api_port",
    type: "integer",
    default: 9191,
    help: "Port to listen on for the HTTP API",
    validate: validatePort,
  },
  {
    name: "incoming_connection_api_string",
    type: "string",
    default: "tcp://127.0.0.1:9191/",
    help: "Where to listen for the HTTP API: tcp://host:port/ or unix:///path",
  },
  {
    name: "incoming_connection_port",
    type: "integer",
    default: 9494,
    help: "Port to listen on for applications",
    validate: validatePort,
  },
  {
    name: "incoming_connection_string",
    type: "string",
    default: "tcp://127.0.0.1:9494/",
    help: "Where to listen for applications: tcp://host:port/ or unix:///path",
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
    name: "mode",
    type: "string",
    default: "AcraServer",
    help: "What to connect to: AcraServer or AcraTranslator",
    validate: (value) =>
      MODES.includes(value.toLowerCase()) ? null : "has to be AcraServer or AcraTranslator",
    unavailable: "The translator",
    isUnavailable: (value) => value.toLowerCase() === "acratranslator",
  },
  {
    name: "tls_acraserver_sni",
    type: "string",
    default: "",
    help: "Name expected in the certificate of the server; by default its host",
  },
  {
    name: "user_check_disable",
    type: "boolean",
    default: false,
    help: "Accept applications that run as the same user as the connector",
  },
  {
    name: "workers",
    type: "integer",
    default: 1,
    help: "Threads that carry connections; 0 is one for each core",
    validate: validateWorkers,
  },
]);
