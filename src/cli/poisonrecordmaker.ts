/** `acra poisonrecordmaker`: a record on stdout (acra-cli.md §8.6, acra-formats.md §3). */

import { COMMON_SETTINGS, ConfigError, defineSettings, type SettingValues } from "../config/mod.ts";
import { FilesystemKeyMaker, readMasterKey } from "../keystore/mod.ts";
import { sealPoisonRecord } from "../poison/mod.ts";
import { type CommandContext, defineCommand } from "./command.ts";

/** Length as the original means it: any from 1 to 99. */
const RANDOM_LENGTH = -1;
/** Ours: a cell of a database does not get longer, and the text has to fit into memory. */
const MAXIMUM_LENGTH = 256 * 1024 * 1024;

const POISONRECORDMAKER_SETTINGS = defineSettings([
  ...COMMON_SETTINGS,
  {
    name: "data_length",
    type: "integer",
    default: RANDOM_LENGTH,
    help: "Bytes of random payload; -1 for any number from 1 to 99",
  },
  {
    name: "keys_dir",
    type: "string",
    default: ".acrakeys",
    help: "Folder of the server's keys; the poison key pair is made there when it does not exist",
    isPath: true,
  },
]);

export const poisonrecordmakerCommand = defineCommand({
  name: "poisonrecordmaker",
  service: "acra-poisonrecordmaker",
  kind: "tool",
  about:
    "Prints a poison record in base64: a value that looks like any other AcraStruct. Put it where nobody " +
    "has a reason to read it; the server raises the alarm when somebody does.",
  examples: [
    {
      about: "Make a record with the server's keys",
      line: "acra poisonrecordmaker --keys_dir=.acrakeys/acra-server",
    },
    {
      about: "Make one as long as the real values beside it",
      line: "acra poisonrecordmaker --keys_dir=.acrakeys/acra-server --data_length=16",
    },
  ],
  settings: POISONRECORDMAKER_SETTINGS,
  logLevel: "warning",
  run: (context, values) => Promise.resolve().then(() => makeRecord(context, values)),
});

function makeRecord(
  context: CommandContext,
  values: SettingValues<typeof POISONRECORDMAKER_SETTINGS>,
): number {
  const length = values.data_length;
  if (length === 0 || length < RANDOM_LENGTH || length > MAXIMUM_LENGTH) {
    throw new ConfigError(
      `can't create poison record: --data_length is ${length}`,
      `it has to be from 1 to ${MAXIMUM_LENGTH}, or -1 for any number from 1 to 99`,
    );
  }
  const maker = new FilesystemKeyMaker({
    folder: values.keys_dir,
    masterKey: readMasterKey(context.env),
  });
  const recipient = maker.getPoisonPublicKey();
  const record =
    length === RANDOM_LENGTH ? sealPoisonRecord(recipient) : sealPoisonRecord(recipient, length);
  context.stdout.write(`${record.toBase64()}\n`);
  return 0;
}
