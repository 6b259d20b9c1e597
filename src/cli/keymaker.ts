/** `acra keymaker`: flags, order of checks and files of the original (acra-cli.md §8.4). */

import { COMMON_SETTINGS, defineSettings, type SettingValues } from "../config/mod.ts";
import {
  type ClientId,
  FilesystemKeyMaker,
  type OwnedKeyKind,
  writeMasterKeyFile,
} from "../keystore/mod.ts";
import { type CommandContext, defineCommand } from "./command.ts";
import {
  parseClientId,
  readMasterKeyForMaking,
  refuseAmbiguousId,
  warnOfReplaced,
} from "./key_input.ts";

const KEYMAKER_SETTINGS = defineSettings([
  ...COMMON_SETTINGS,
  {
    name: "client_id",
    type: "string",
    default: "client",
    help: "Client that the keys are made for",
  },
  {
    name: "generate_acraconnector_keys",
    type: "boolean",
    default: false,
    help: "Make only the connector's transport key pair",
  },
  {
    name: "generate_acraserver_keys",
    type: "boolean",
    default: false,
    help: "Make only the server's transport key pair",
  },
  {
    name: "generate_acratranslator_keys",
    type: "boolean",
    default: false,
    help: "Make only the translator's transport key pair",
  },
  {
    name: "generate_acrawebconfig_keys",
    type: "boolean",
    default: false,
    help: "Make only the key of the web configuration's password file",
  },
  {
    name: "generate_acrawriter_keys",
    type: "boolean",
    default: false,
    help: "Make only the storage key pair, whose public half the writer gets",
  },
  {
    name: "generate_master_key",
    type: "string",
    default: "",
    help: "Write a new master key of 32 raw bytes to this file, and nothing else",
    isPath: true,
  },
  {
    name: "keys_output_dir",
    type: "string",
    default: ".acrakeys",
    help: "Folder for private keys",
    isPath: true,
  },
  {
    name: "keys_public_output_dir",
    type: "string",
    default: ".acrakeys",
    help: "Folder for public keys; not changed by keys_output_dir",
    isPath: true,
  },
]);

type KeymakerValues = SettingValues<typeof KEYMAKER_SETTINGS>;

/** What one run makes: the first selector given decides, further ones are ignored. */
type Selection = "webconfig-auth" | readonly OwnedKeyKind[];

const ALL_PAIRS: readonly OwnedKeyKind[] = [
  "connector-transport",
  "server-transport",
  "translator-transport",
  "storage",
];

export const keymakerCommand = defineCommand({
  name: "keymaker",
  service: "acra-keymaker",
  kind: "tool",
  about:
    "Makes keys and master keys, with the flags of Acra 0.82. Keys that exist are replaced; the old ones " +
    "are kept in FILE.old. `acra keys gen` does the same and refuses to replace anything.",
  examples: [
    { about: "Make a master key", line: "acra keymaker --generate_master_key=master.key" },
    {
      about: "Make all key pairs of a client in .acrakeys",
      line: "acra keymaker --client_id=testclientid",
    },
    {
      about: "Make the writer's keys, private and public half in folders of their own",
      line: "acra keymaker --client_id=testclientid --generate_acrawriter_keys --keys_output_dir=server --keys_public_output_dir=writer",
    },
  ],
  settings: KEYMAKER_SETTINGS,
  run: (context, values) => Promise.resolve().then(() => runKeymaker(context, values)),
});

function runKeymaker(context: CommandContext, values: KeymakerValues): number {
  const clientId = parseClientId(values.client_id);
  if (values.generate_master_key !== "") {
    writeMasterKeyFile(values.generate_master_key, { replace: true });
    return 0;
  }
  const selection = select(values);
  if (selection !== "webconfig-auth") {
    refuseAmbiguousId(clientId);
  }
  const maker = new FilesystemKeyMaker({
    masterKey: readMasterKeyForMaking(context),
    folder: values.keys_output_dir,
    publicFolder: values.keys_public_output_dir,
  });
  make(context, maker, selection, clientId);
  return 0;
}

function select(values: KeymakerValues): Selection {
  if (values.generate_acraconnector_keys) {
    return ["connector-transport"];
  }
  if (values.generate_acraserver_keys) {
    return ["server-transport"];
  }
  if (values.generate_acratranslator_keys) {
    return ["translator-transport"];
  }
  if (values.generate_acrawriter_keys) {
    return ["storage"];
  }
  return values.generate_acrawebconfig_keys ? "webconfig-auth" : ALL_PAIRS;
}

function make(
  context: CommandContext,
  maker: FilesystemKeyMaker,
  selection: Selection,
  clientId: ClientId,
): void {
  if (selection === "webconfig-auth") {
    const { place, keptPlace } = maker.makeAuthKey({ replace: true });
    warnOfReplaced(context, place, keptPlace);
    context.log.info(`Generate basic auth key for AcraWebconfig to ${place}`);
    return;
  }
  for (const kind of selection) {
    const { privatePlace, keptPlace } = maker.makePair(kind, clientId, { replace: true });
    warnOfReplaced(context, privatePlace, keptPlace);
  }
}
