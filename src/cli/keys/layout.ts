/** `acra keys layout`: a folder of keys for each holder, as generate-keys.sh made it (acra-cli.md §9.2). */

import { join } from "node:path";
import { defineSettings, type SettingValues } from "../../config/mod.ts";
import { KEY_KINDS, type LaidOutFile, layOutKeys } from "../../keystore/mod.ts";
import { type CommandContext, defineCommand } from "../command.ts";
import {
  parseClientId,
  readMasterKeyForMaking,
  refuseAmbiguousId,
  warnOfReplaced,
} from "../key_input.ts";

const KEYS_LAYOUT_SETTINGS = defineSettings([
  {
    name: "client_id",
    type: "string",
    default: "testclientid",
    help: "Client that the keys are made for",
  },
  {
    name: "force",
    type: "boolean",
    default: false,
    help: "Replace keys that exist (the old ones are kept in FILE.old), and take any valid client id",
  },
  {
    name: "keys_dir",
    type: "string",
    default: ".acrakeys",
    help: "Folder that gets the folders acra-server, acra-connector and acra-writer",
    isPath: true,
  },
  {
    name: "translator",
    type: "boolean",
    default: false,
    help: "Also make keys for a translator, in the folder acra-translator",
  },
]);

export const keysLayoutCommand = defineCommand({
  name: "keys layout",
  service: "acra-keys",
  kind: "tool",
  about:
    "Makes all keys of a client and lays them out in one folder for each holder, each with only the keys that " +
    "its holder needs. Copy each folder to where its holder runs.",
  examples: [
    {
      about: "Make .acrakeys/acra-server, .acrakeys/acra-connector and .acrakeys/acra-writer",
      line: "acra keys layout --client_id=testclientid",
    },
  ],
  settings: KEYS_LAYOUT_SETTINGS,
  run: (context, values) => Promise.resolve().then(() => layOut(context, values)),
});

function layOut(
  context: CommandContext,
  values: SettingValues<typeof KEYS_LAYOUT_SETTINGS>,
): number {
  const clientId = parseClientId(values.client_id);
  if (!values.force) {
    refuseAmbiguousId(clientId);
  }
  const folder = values.keys_dir;
  const files = layOutKeys({
    folder,
    clientId,
    masterKey: readMasterKeyForMaking(context),
    translator: values.translator,
    replace: values.force,
  });
  for (const { path, keptPath } of files) {
    warnOfReplaced(context, path, keptPath);
  }
  context.stdout.write(describe(folder, files));
  return 0;
}

/** One paragraph for each folder. */
function describe(folder: string, files: readonly LaidOutFile[]): string {
  const components = [...new Set(files.map((file) => file.component))];
  const paragraphs = components.map((component) => {
    const lines = files
      .filter((file) => file.component === component)
      .map((file) => `  ${file.path}  ${file.half}: ${KEY_KINDS[file.kind].title}\n`);
    return `${join(folder, component)}, for the ${component.slice("acra-".length)}\n${lines.join("")}`;
  });
  return paragraphs.join("");
}
