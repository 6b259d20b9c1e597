/** `acra rotate`: flags and output of the original, and `--dry-run` (acra-cli.md §8.8). */

import { readFileSync } from "node:fs";
import {
  COMMON_SETTINGS,
  ConfigError,
  codeOf,
  defineSettings,
  type SettingValues,
} from "../config/mod.ts";
import { FilesystemKeyMaker, FilesystemKeystore, readMasterKey } from "../keystore/mod.ts";
import {
  checkRotation,
  type FileMap,
  formatReport,
  parseFileMap,
  RotateError,
  rotateZones,
  type ZoneKeys,
} from "../rotate/mod.ts";
import { type CommandContext, defineCommand } from "./command.ts";

const ROTATE_SETTINGS = defineSettings([
  ...COMMON_SETTINGS,
  {
    name: "dry_run",
    type: "boolean",
    default: false,
    help: "Only check that every file can be decrypted; change nothing and print no keys",
  },
  {
    name: "file_map_config",
    type: "string",
    default: "",
    help: 'JSON file that names the files of each zone: {"ZONE_ID": ["FILE", "FILE"]}; each file holds one AcraStruct',
    isPath: true,
  },
  {
    name: "keys_dir",
    type: "string",
    default: ".acrakeys",
    help: "Folder of the server's keys",
    isPath: true,
  },
]);

type RotateValues = SettingValues<typeof ROTATE_SETTINGS>;

export const rotateCommand = defineCommand({
  name: "rotate",
  service: "acra-rotate",
  kind: "tool",
  about:
    "Makes new keys for zones and seals the files of these zones for them. Old keys are kept as FILE.old/TIME. " +
    "A run that was stopped at any point loses nothing: run it again. Prints the new public keys.",
  examples: [
    {
      about: "See whether every file can be decrypted",
      line: "acra rotate --keys_dir=.acrakeys/acra-server --file_map_config=files.json --dry-run",
    },
    {
      about: "Rotate",
      line: "acra rotate --keys_dir=.acrakeys/acra-server --file_map_config=files.json",
    },
  ],
  settings: ROTATE_SETTINGS,
  run: (context, values) => Promise.resolve().then(() => runRotate(context, values)),
});

function runRotate(context: CommandContext, values: RotateValues): number {
  const keys = openKeys(context, values.keys_dir);
  if (values.file_map_config === "") {
    return 0;
  }
  const fileMap = readFileMap(values.file_map_config);
  const { log } = context;
  const observer = {
    onOldKey: (zone: string, path: string) =>
      log.warning("File is sealed with an old key: an earlier rotation did not get to it", {
        zone,
        path,
      }),
    onFileDone: (zone: string, path: string) => log.info("Finish rotate file", { zone, path }),
    onZoneDone: (zone: string) => log.info("Finish rotate zone", { zone }),
  };
  try {
    if (values.dry_run) {
      checkRotation(fileMap, keys, observer);
      log.info("Every file can be rotated; nothing was changed");
      return 0;
    }
    context.stdout.write(formatReport(rotateZones(fileMap, keys, observer)));
    return 0;
  } catch (error) {
    throw error instanceof RotateError
      ? new ConfigError(error.message, error.hint, { cause: error })
      : error;
  }
}

function openKeys({ env, log }: CommandContext, folder: string): ZoneKeys {
  const masterKey = readMasterKey(env);
  const keystore = new FilesystemKeystore({ folder, masterKey, cacheSize: -1, log });
  const maker = new FilesystemKeyMaker({ folder, masterKey });
  return {
    findZoneKey: (zoneId) => keystore.findZoneKey(zoneId),
    findOldZoneKeys: (zoneId) => keystore.findOldZoneKeys(zoneId),
    stageZonePair: (zoneId) => maker.stageZonePair(zoneId),
  };
}

function readFileMap(path: string): FileMap {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    throw new ConfigError(
      `Can't read --file_map_config ${path}: ${codeOf(cause)}`,
      "name a JSON file of zones and their files",
      { cause },
    );
  }
  try {
    return parseFileMap(text);
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) {
      throw cause;
    }
    throw new ConfigError(cause.message, `mend ${path}`, { cause });
  }
}
