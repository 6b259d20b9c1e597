/** `acra authmanager`: users of the web configuration (acra-cli.md §8.9, acra-formats.md §8.6). */

import {
  checkUserName,
  openAccounts,
  readAccountsFile,
  removeAccount,
  sealAccounts,
  setAccount,
} from "../accounts/mod.ts";
import { COMMON_SETTINGS, ConfigError, defineSettings, type SettingValues } from "../config/mod.ts";
import {
  FilesystemKeyMaker,
  readAuthKey,
  removePrivateFile,
  replacePrivateFile,
} from "../keystore/mod.ts";
import { type CommandContext, defineCommand } from "./command.ts";
import { readMasterKeyForMaking } from "./key_input.ts";

/** In place of a password: it comes from standard input. */
const FROM_STDIN = "-";
/** Ours: bytes of a password on standard input. */
const MAXIMUM_PASSWORD_LENGTH = 4096;

const AUTHMANAGER_SETTINGS = defineSettings([
  ...COMMON_SETTINGS,
  { name: "d", type: "boolean", default: false, help: "Log everything, for debugging" },
  {
    name: "file",
    type: "string",
    default: "configs/auth.keys",
    help: "Password file; its folder has to exist",
    isPath: true,
  },
  {
    name: "keys_dir",
    type: "string",
    default: ".acrakeys",
    help: "Folder of the server's keys; auth_key, which encrypts the password file, is made there when it does not exist",
    isPath: true,
  },
  {
    name: "password",
    type: "string",
    default: "",
    help: "Password for set; - reads it from standard input, and without it a terminal is asked",
  },
  { name: "remove", type: "boolean", default: false, help: "Remove the user" },
  { name: "set", type: "boolean", default: false, help: "Add the user, or change the password" },
  { name: "user", type: "string", default: "", help: "Name of the user" },
]);

type AuthmanagerValues = SettingValues<typeof AUTHMANAGER_SETTINGS>;

export const authmanagerCommand = defineCommand({
  name: "authmanager",
  service: "acra-authmanager",
  kind: "tool",
  about:
    "Adds and removes users of the web configuration. The password file is encrypted with auth_key of the key " +
    "folder, and auth_key itself is not encrypted: who has both files has the hashes of the passwords.",
  examples: [
    {
      about: "Add a user, or change the password; the terminal is asked for it",
      line: "acra authmanager --set --user=admin --keys_dir=.acrakeys/acra-server",
    },
    {
      about: "The same from a script",
      line: "acra authmanager --set --user=admin --password=- < password.txt",
    },
    { about: "Remove a user", line: "acra authmanager --remove --user=admin" },
  ],
  settings: AUTHMANAGER_SETTINGS,
  logLevel: "warning",
  run: manage,
});

async function manage(context: CommandContext, values: AuthmanagerValues): Promise<number> {
  if (values.d) {
    context.log.level = "debug";
  }
  if (values.set && values.remove) {
    throw new ConfigError(
      "Too many options, use one of --set or --remove",
      "do one after the other",
    );
  }
  if (!values.set && !values.remove) {
    context.log.warning("Nothing to do: neither --set nor --remove is given");
    return 0;
  }
  if (values.user === "") {
    throw new ConfigError("Empty user name/login", "name the user, as in --user=admin");
  }
  checkUserName(values.user);
  readMasterKeyForMaking(context);
  if (values.set) {
    await set(context, values, await readPassword(context, values));
  } else {
    remove(context, values);
  }
  return 0;
}

async function set(
  context: CommandContext,
  values: AuthmanagerValues,
  password: string,
): Promise<void> {
  const sealed = readAccountsFile(values.file);
  const authKey = getAuthKey(context, values.keys_dir, sealed !== null);
  const text = sealed === null ? "" : openAccounts(sealed, authKey);
  const changed = await setAccount(text, values.user, password);
  replacePrivateFile(values.file, sealAccounts(changed, authKey));
  context.log.info(`User ${JSON.stringify(values.user)} is set in ${values.file}`);
}

function remove(context: CommandContext, values: AuthmanagerValues): void {
  const sealed = readAccountsFile(values.file);
  if (sealed === null) {
    throw new ConfigError(
      `RemoveUser failed: there is no password file ${values.file}`,
      "name it with --file",
    );
  }
  const authKey = getAuthKey(context, values.keys_dir, true);
  const text = removeAccount(openAccounts(sealed, authKey), values.user);
  if (text === "") {
    // An empty cell does not exist; without a file nobody can log in either (B-18).
    removePrivateFile(values.file);
    context.log.warning(`That was the last user: ${values.file} is removed`);
  } else {
    replacePrivateFile(values.file, sealAccounts(text, authKey));
  }
}

/** A key made anew would not open a file that is there. */
function getAuthKey(context: CommandContext, folder: string, hasFile: boolean): Uint8Array {
  const maker = new FilesystemKeyMaker({ folder, masterKey: readMasterKeyForMaking(context) });
  const known = readAuthKey(folder, context.log);
  if (known !== null) {
    return known;
  }
  if (hasFile) {
    throw new ConfigError(
      `${folder} has no auth_key, which the password file was encrypted with`,
      "name the right folder with --keys_dir, or bring auth_key back from a copy",
    );
  }
  const { place } = maker.makeAuthKey({ replace: false });
  context.log.warning(`Made ${place}; it is not encrypted, keep it as safe as the password file`);
  return readAuthKey(folder, context.log) ?? new Uint8Array();
}

async function readPassword(
  { stdin, log }: CommandContext,
  { password, user }: AuthmanagerValues,
): Promise<string> {
  if (password === FROM_STDIN) {
    return checkPassword(decodePassword(await stdin.readAll(MAXIMUM_PASSWORD_LENGTH)));
  }
  if (password !== "") {
    log.warning("Others can see the password in the list of processes; --password=- avoids that");
    return password;
  }
  if (!stdin.isTTY) {
    return checkPassword("");
  }
  const typed = checkPassword(await stdin.askSecret(`Password for ${JSON.stringify(user)}: `));
  if (typed !== (await stdin.askSecret("The same again: "))) {
    throw new ConfigError("the two passwords differ", "nothing was changed; start again");
  }
  return typed;
}

/** A line end behind the password is the file's, not the password's. */
function decodePassword(bytes: Uint8Array): string {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    return text.replace(/\r?\n$/, "");
  } catch (cause) {
    throw new ConfigError("the password on standard input is not UTF-8", "use UTF-8", { cause });
  }
}

function checkPassword(password: string): string {
  if (password === "") {
    throw new ConfigError(
      "Empty password",
      "give it at the terminal, or on standard input with --password=-",
    );
  }
  return password;
}
