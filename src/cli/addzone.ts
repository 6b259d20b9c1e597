/** `acra addzone`: a new zone on stdout (acra-cli.md §8.5, acra-formats.md §2). */

import { COMMON_SETTINGS, ConfigError, defineSettings, type SettingValues } from "../config/mod.ts";
import { FilesystemKeyMaker } from "../keystore/mod.ts";
import { formatZone } from "../zones/mod.ts";
import { type CommandContext, defineCommand } from "./command.ts";
import { readMasterKeyForMaking } from "./key_input.ts";

const ADDZONE_SETTINGS = defineSettings([
  ...COMMON_SETTINGS,
  {
    name: "fs_keystore_enable",
    type: "boolean",
    default: true,
    help: "Keep keys in a folder, the only kind of keystore",
  },
  {
    name: "keys_output_dir",
    type: "string",
    default: ".acrakeys",
    help: "Folder for both halves of the zone's key pair: that of the server's keys",
    isPath: true,
  },
]);

export const addzoneCommand = defineCommand({
  name: "addzone",
  service: "acra-addzone",
  kind: "tool",
  about:
    "Makes a zone and prints its id and public key as JSON. Give both to who writes the data of the zone: " +
    "it is sealed for that key and that id, and the id is stored beside it. The private key stays in the folder.",
  examples: [
    {
      about: "Make a zone with the server's keys",
      line: "acra addzone --keys_output_dir=.acrakeys/acra-server",
    },
  ],
  settings: ADDZONE_SETTINGS,
  run: (context, values) => Promise.resolve().then(() => addZone(context, values)),
});

function addZone(context: CommandContext, values: SettingValues<typeof ADDZONE_SETTINGS>): number {
  if (!values.fs_keystore_enable) {
    throw new ConfigError(
      "No more supported keystores",
      "leave out --fs_keystore_enable: keys lie in a folder",
    );
  }
  const maker = new FilesystemKeyMaker({
    folder: values.keys_output_dir,
    masterKey: readMasterKeyForMaking(context),
  });
  const { zoneId, publicKey } = maker.makeZone();
  context.stdout.write(`${formatZone({ id: zoneId, publicKey })}\n`);
  return 0;
}
