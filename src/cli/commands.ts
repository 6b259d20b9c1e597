/** All commands. Their modules are loaded only when one runs or is explained. */

import type { TopEntry } from "./command_table.ts";

/** The commands, within each section in the order of `acra help`. */
export const COMMANDS: readonly TopEntry[] = [
  {
    kind: "command",
    name: "server",
    section: "Run",
    executable: "acra-server",
    about: "Decrypt on the way from the database",
    load: async () => (await import("./server.ts")).serverCommand,
  },
  {
    kind: "command",
    name: "connector",
    section: "Run",
    executable: "acra-connector",
    about: "Carry an application's connections to the server",
    load: async () => (await import("./connector.ts")).connectorCommand,
  },
  {
    kind: "command",
    name: "keymaker",
    section: "Keys",
    executable: "acra-keymaker",
    about: "Make keys, with the flags of the original",
    load: async () => (await import("./keymaker.ts")).keymakerCommand,
  },
  {
    kind: "command",
    name: "addzone",
    section: "Keys",
    executable: "acra-addzone",
    about: "Make a zone: an id and a key pair for part of the data",
    load: async () => (await import("./addzone.ts")).addzoneCommand,
  },
  {
    kind: "command",
    name: "poisonrecordmaker",
    section: "Data",
    executable: "acra-poisonrecordmaker",
    about: "Make a value that raises an alarm when it is read",
    load: async () => (await import("./poisonrecordmaker.ts")).poisonrecordmakerCommand,
  },
  {
    kind: "command",
    name: "authmanager",
    section: "More",
    executable: "acra-authmanager",
    about: "Set and remove users of the web configuration",
    load: async () => (await import("./authmanager.ts")).authmanagerCommand,
  },
  {
    kind: "command",
    name: "rollback",
    section: "Data",
    executable: "acra-rollback",
    about: "Decrypt the rows of a table back into plain ones",
    load: async () => (await import("./rollback.ts")).rollbackCommand,
  },
  {
    kind: "command",
    name: "rotate",
    section: "Data",
    executable: "acra-rotate",
    about: "Make new keys for zones and seal their files anew",
    load: async () => (await import("./rotate.ts")).rotateCommand,
  },
  {
    kind: "command",
    name: "ready",
    section: "Check",
    about: "Ask a running server or connector whether it can serve",
    load: async () => (await import("./ready.ts")).readyCommand,
  },
  {
    kind: "group",
    name: "keys",
    section: "Keys",
    about: "Make, list, check and hand out keys",
    commands: [
      {
        kind: "command",
        name: "gen",
        aliases: ["generate"],
        about: "Make keys",
        load: async () => (await import("./keys/gen.ts")).keysGenCommand,
      },
      {
        kind: "command",
        name: "list",
        about: "List the keys of a folder",
        load: async () => (await import("./keys/list.ts")).keysListCommand,
      },
      {
        kind: "command",
        name: "layout",
        about: "Make all keys of a client and lay them out for server, connector and writer",
        load: async () => (await import("./keys/layout.ts")).keysLayoutCommand,
      },
      {
        kind: "command",
        name: "check",
        about: "Tell what is wrong with a folder of keys",
        load: async () => (await import("./keys/check.ts")).keysCheckCommand,
      },
      {
        kind: "command",
        name: "export",
        about: "Write public keys to a file for another machine",
        load: async () => (await import("./keys/export.ts")).keysExportCommand,
      },
      {
        kind: "command",
        name: "import",
        about: "Take public keys from such a file",
        load: async () => (await import("./keys/import.ts")).keysImportCommand,
      },
      {
        kind: "command",
        name: "read",
        aliases: ["extract"],
        about: "Write one key as it is, for its owner",
        load: async () => (await import("./keys/read.ts")).keysReadCommand,
      },
      {
        kind: "command",
        name: "destroy",
        about: "Remove a key for good",
        load: async () => (await import("./keys/destroy.ts")).keysDestroyCommand,
      },
    ],
  },
  {
    kind: "group",
    name: "tls",
    section: "Check",
    about: "Try TLS before anybody depends on it",
    commands: [
      {
        kind: "command",
        name: "check",
        about: "Try both legs of the server, and tell which side refuses and why",
        load: async () => (await import("./tls/check.ts")).tlsCheckCommand,
      },
      {
        kind: "command",
        name: "check-connector",
        about: "Try the connector's leg to the server",
        load: async () => (await import("./tls/check_connector.ts")).tlsCheckConnectorCommand,
      },
    ],
  },
  {
    kind: "group",
    name: "doctor",
    section: "Check",
    about: "Look for what is wrong with a host, and say what to do",
    commands: [
      {
        kind: "command",
        name: "server",
        about: "Look at the host of a server, and into its database",
        load: async () => (await import("./doctor/server.ts")).doctorServerCommand,
      },
      {
        kind: "command",
        name: "connector",
        about: "Look at the host of a connector, and at the way to its server",
        load: async () => (await import("./doctor/connector.ts")).doctorConnectorCommand,
      },
    ],
  },
  {
    kind: "command",
    name: "completions",
    section: "More",
    about: "Print completions for bash, zsh or fish",
    load: async () =>
      (await import("./completions/completions.ts")).createCompletionsCommand(COMMANDS),
  },
];
