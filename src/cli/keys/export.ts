/** `acra keys export`: public keys for another machine; nothing in them is secret (acra-cli.md §16.3). */

import { ConfigError, defineSettings, type SettingValues } from "../../config/mod.ts";
import {
  findPairFiles,
  formatPublicKeyBundle,
  listKeys,
  type NamedPublicKey,
  readPublicHalf,
  replacePublicFile,
} from "../../keystore/mod.ts";
import { type CommandContext, defineCommand } from "../command.ts";
import { findMasterKey, readPairName } from "../key_input.ts";

const KEYS_EXPORT_SETTINGS = defineSettings([
  {
    name: "all",
    type: "boolean",
    default: false,
    help: "Export every public key of the folder, that of poison records apart",
  },
  {
    name: "base64",
    type: "boolean",
    default: false,
    help: "Write one key as a line of base64 in place of JSON",
  },
  {
    name: "key_bundle_file",
    type: "string",
    default: "",
    help: "File to write; standard output when empty",
    isPath: true,
  },
  { name: "keys_dir", type: "string", default: ".acrakeys", help: "Folder of keys", isPath: true },
]);

type KeysExportValues = SettingValues<typeof KEYS_EXPORT_SETTINGS>;

export const keysExportCommand = defineCommand({
  name: "keys export",
  service: "acra-keys",
  kind: "tool",
  about:
    "Writes public keys as a small JSON text, to be taken in with `acra keys import` on another machine. " +
    "Private keys are never in it. Send it any way you like, and compare fingerprints by another way.",
  examples: [
    {
      about: "Export what a writer needs",
      line: "acra keys export client/testclientid/storage --keys_dir=.acrakeys/acra-server > storage.json",
    },
    {
      about: "Export all public keys",
      line: "acra keys export --all --key_bundle_file=public.json",
    },
  ],
  settings: KEYS_EXPORT_SETTINGS,
  operands: { usage: "KEY-ID...", minimum: 0, maximum: Number.POSITIVE_INFINITY },
  run: (context, values) => Promise.resolve().then(() => exportKeys(context, values)),
});

function exportKeys(context: CommandContext, values: KeysExportValues): number {
  if (values.all === context.operands.length > 0) {
    throw new ConfigError(
      "Either key ids or --all say what to export",
      "`acra keys list` shows the ids",
    );
  }
  const keys = values.all ? readAll(values.keys_dir) : readNamed(context, values);
  const text = values.base64 ? formatSingle(keys) : formatPublicKeyBundle(keys);
  if (values.key_bundle_file === "") {
    context.stdout.write(text);
  } else {
    replacePublicFile(values.key_bundle_file, new TextEncoder().encode(text));
    context.stdout.write(`Public keys in ${values.key_bundle_file}: ${keys.length}\n`);
  }
  return 0;
}

function readNamed(context: CommandContext, { keys_dir: folder }: KeysExportValues) {
  const masterKey = findMasterKey(context);
  return context.operands.map((operand): NamedPublicKey => {
    const { name, files } = readPairName(operand);
    return { name, publicKey: readPublicHalf(folder, files, masterKey) };
  });
}

function readAll(folder: string): readonly NamedPublicKey[] {
  const keys = listKeys(folder).flatMap((name): NamedPublicKey[] => {
    const files = findPairFiles(name);
    const isWanted = files !== null && name.kind !== "poison" && name.publicName !== null;
    return isWanted ? [{ name, publicKey: readPublicHalf(folder, files, null) }] : [];
  });
  if (keys.length === 0) {
    throw new ConfigError(`${folder} holds no public keys`, "name another folder with --keys_dir");
  }
  return keys;
}

function formatSingle(keys: readonly NamedPublicKey[]): string {
  const [key] = keys;
  if (key === undefined || keys.length > 1) {
    throw new ConfigError("--base64 is for one key", "name one key id, or leave out --base64");
  }
  return `${key.publicKey.container.toBase64()}\n`;
}
