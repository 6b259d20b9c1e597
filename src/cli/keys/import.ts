/** `acra keys import`: public keys from another machine (acra-cli.md §16.3). */

import { readFileSync } from "node:fs";
import { ConfigError, codeOf, defineSettings, type SettingValues } from "../../config/mod.ts";
import {
  findPairFiles,
  fingerprintOf,
  formatKeyId,
  importPublicKey,
  type NamedPublicKey,
  parsePublicKeys,
} from "../../keystore/mod.ts";
import { type CommandContext, defineCommand } from "../command.ts";
import { findMasterKey, readKeyId, warnOfReplaced } from "../key_input.ts";

/** In place of a file. */
const FROM_STDIN = "-";
/** Ours: some ten thousand keys. */
const MAXIMUM_LENGTH = 4 * 1024 * 1024;

const KEYS_IMPORT_SETTINGS = defineSettings([
  {
    name: "force",
    type: "boolean",
    default: false,
    help: "Replace other public keys (the old ones are kept in FILE.old)",
  },
  {
    name: "key_id",
    type: "string",
    default: "",
    help: "Whose key it is, for a file with one key; of a bundle only this key is taken",
  },
  {
    name: "keys_dir",
    type: "string",
    default: ".acrakeys",
    help: "Folder of keys; made when it does not exist",
    isPath: true,
  },
]);

type KeysImportValues = SettingValues<typeof KEYS_IMPORT_SETTINGS>;

export const keysImportCommand = defineCommand({
  name: "keys import",
  service: "acra-keys",
  kind: "tool",
  about:
    "Takes public keys into a folder: a bundle of `acra keys export`, or one key as a .pub file or its base64. " +
    "Prints the fingerprint of each: compare it with what the key's owner sees in `acra keys list`.",
  examples: [
    { about: "Take in a bundle", line: "acra keys import public.json --keys_dir=writer-keys" },
    {
      about: "Take in one key in base64 from standard input",
      line: "acra keys import - --key_id=client/testclientid/storage --keys_dir=writer-keys",
    },
  ],
  settings: KEYS_IMPORT_SETTINGS,
  operands: { usage: "FILE", minimum: 1, maximum: 1 },
  run: importKeys,
});

async function importKeys(context: CommandContext, values: KeysImportValues): Promise<number> {
  const wanted = values.key_id === "" ? null : readKeyId(values.key_id);
  const keys = parsePublicKeys(await readSource(context), wanted);
  if (keys.length === 0) {
    throw new ConfigError("There is no such key in the bundle", "look at the ids in it");
  }
  for (const key of keys) {
    takeIn(context, values, key);
  }
  return 0;
}

function takeIn(
  context: CommandContext,
  values: KeysImportValues,
  { name, publicKey }: NamedPublicKey,
): void {
  const files = findPairFiles(name);
  const keyId = formatKeyId(name.kind, name.id);
  if (files === null || name.kind === "poison") {
    throw new ConfigError(
      `${keyId} cannot be imported: its parts belong together on the server`,
      "copy its files as they are",
    );
  }
  const { outcome, place, keptPlace } = importPublicKey(values.keys_dir, files, publicKey, {
    replace: values.force,
    masterKey: findMasterKey(context),
  });
  warnOfReplaced(context, place, keptPlace);
  const words = { added: "added", replaced: "replaced", known: "was there already" };
  context.stdout.write(
    `${keyId}  ${words[outcome]}\n  ${place}\n  fingerprint ${fingerprintOf(publicKey)}\n`,
  );
}

async function readSource({ operands, stdin }: CommandContext): Promise<Uint8Array> {
  const [path = FROM_STDIN] = operands;
  if (path === FROM_STDIN) {
    return await stdin.readAll(MAXIMUM_LENGTH);
  }
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new ConfigError(`Cannot read ${path}: ${codeOf(cause)}`, "name a file that can be read", {
      cause,
    });
  }
}
