/** `acra keys read`: the container of one key, for the owner of the master key (acra-cli.md §16.3). */

import { ConfigError, defineSettings, type SettingValues } from "../../config/mod.ts";
import { readMasterKey, readPrivateContainer, readPublicHalf } from "../../keystore/mod.ts";
import { type CommandContext, defineCommand } from "../command.ts";
import { findMasterKey, readPairName } from "../key_input.ts";

const KEYS_READ_SETTINGS = defineSettings([
  {
    name: "base64",
    type: "boolean",
    default: false,
    help: "Write a line of base64 in place of raw bytes; a terminal always gets that",
  },
  {
    name: "force",
    type: "boolean",
    default: false,
    help: "Show a private key on a terminal all the same",
  },
  { name: "keys_dir", type: "string", default: ".acrakeys", help: "Folder of keys", isPath: true },
  {
    name: "private",
    type: "boolean",
    default: false,
    help: "Write the private key, decrypted; needs the master key",
  },
  { name: "public", type: "boolean", default: false, help: "Write the public key, as without it" },
]);

export const keysReadCommand = defineCommand({
  name: "keys read",
  service: "acra-keys",
  kind: "tool",
  about:
    "Writes one key to standard output, as the 45 bytes that the libraries of Themis take. A private key comes " +
    "out decrypted: whoever gets it needs no master key any more.",
  examples: [
    {
      about: "Get the key that a writer in another language needs",
      line: "acra keys read client/testclientid/storage > testclientid_storage.pub",
    },
    {
      about: "Get a private key, for recovery by other tools",
      line: "acra keys read client/testclientid/storage --private > testclientid_storage.raw",
    },
  ],
  settings: KEYS_READ_SETTINGS,
  operands: { usage: "KEY-ID", minimum: 1, maximum: 1 },
  run: (context, values) => Promise.resolve().then(() => readKey(context, values)),
});

function readKey(
  context: CommandContext,
  values: SettingValues<typeof KEYS_READ_SETTINGS>,
): number {
  const { stdout, operands } = context;
  if (values.private && values.public) {
    throw new ConfigError("Both --private and --public are given", "give one of them");
  }
  const { files } = readPairName(operands[0] ?? "");
  if (values.private && stdout.isTTY && !values.force) {
    throw new ConfigError(
      "A private key does not belong on a screen",
      "redirect the output to a file that only you can read (umask 077), or use --force",
    );
  }
  const container = values.private
    ? readPrivateContainer(values.keys_dir, files, readMasterKey(context.env))
    : readPublicHalf(values.keys_dir, files, findMasterKey(context)).container;
  stdout.write(values.base64 || stdout.isTTY ? `${container.toBase64()}\n` : container);
  return 0;
}
