/** `acra keys destroy`: removes a key for good, and says first what will be lost (acra-cli.md §16.3). */

import { ConfigError, defineSettings, type SettingValues } from "../../config/mod.ts";
import {
  findKeyPlaces,
  type KeyName,
  type KeyPlaces,
  removeKeyPlaces,
} from "../../keystore/mod.ts";
import { type CommandContext, defineCommand } from "../command.ts";
import { readKeyId } from "../key_input.ts";

const KEYS_DESTROY_SETTINGS = defineSettings([
  { name: "keys_dir", type: "string", default: ".acrakeys", help: "Folder of keys", isPath: true },
  {
    name: "old_keys",
    type: "boolean",
    default: false,
    help: "Also remove the keys that this one replaced (the folders FILE.old)",
  },
  { name: "yes", type: "boolean", default: false, help: "Do not ask" },
]);

export const keysDestroyCommand = defineCommand({
  name: "keys destroy",
  service: "acra-keys",
  kind: "tool",
  about:
    "Removes both halves of a key from a folder, after saying what nobody will be able to read any more. " +
    "Copies elsewhere are not touched.",
  examples: [
    {
      about: "Destroy the storage key of a client, and those that it replaced",
      line: "acra keys destroy client/testclientid/storage --old_keys",
    },
  ],
  settings: KEYS_DESTROY_SETTINGS,
  operands: { usage: "KEY-ID", minimum: 1, maximum: 1 },
  run: destroy,
});

async function destroy(
  context: CommandContext,
  values: SettingValues<typeof KEYS_DESTROY_SETTINGS>,
): Promise<number> {
  const [keyId = ""] = context.operands;
  const name = readKeyId(keyId);
  const places = findKeyPlaces(values.keys_dir, name);
  const removed = [...places.current, ...(values.old_keys ? places.old : [])];
  if (removed.length === 0) {
    throw new ConfigError(
      places.old.length === 0
        ? `${values.keys_dir} has no key ${keyId}`
        : `${values.keys_dir} has only replaced keys of ${keyId}`,
      places.old.length === 0 ? "`acra keys list` shows its keys" : "--old_keys removes them",
    );
  }
  context.stderr.write(describeLoss(name, places, values.old_keys));
  if (!values.yes) {
    await confirm(context, keyId);
  }
  removeKeyPlaces(removed);
  context.stdout.write(removed.map((path) => `removed ${path}\n`).join(""));
  return 0;
}

/** A key id is not typed by accident, as a y is. */
async function confirm({ stdin }: CommandContext, keyId: string): Promise<void> {
  if (!stdin.isTTY) {
    throw new ConfigError(
      "Nothing was removed: nobody is there to be asked",
      "--yes removes without asking",
    );
  }
  const answer = await stdin.ask(`Type the key id to destroy the key (${keyId}): `);
  if (answer.trim() !== keyId) {
    throw new ConfigError("Nothing was removed", "the key id was not typed");
  }
}

function describeLoss(name: KeyName, { current, old }: KeyPlaces, withOld: boolean): string {
  const hasPrivate = current.some((path) => !path.endsWith(".pub"));
  const lines = [
    hasPrivate
      ? LOSS[name.kind](name.id ?? "")
      : "Only the public key is here; nothing becomes unreadable.",
  ];
  if (old.length > 0) {
    lines.push(
      withOld
        ? "What older keys in FILE.old open becomes unreadable too."
        : `Keys that it replaced stay in ${old.join(" and ")}.`,
    );
  }
  return lines.map((line) => `${line}\n`).join("");
}

/** What a private key is good for, and so what is lost without it. */
const LOSS: Readonly<Record<KeyName["kind"], (id: string) => string>> = {
  storage: (id) =>
    `Every value that was sealed with the public storage key of "${id}" becomes unreadable for ever.`,
  zone: (id) =>
    `Every value that was sealed with the public key of the zone ${id} becomes unreadable for ever.`,
  "connector-transport": (id) =>
    `The connector of "${id}" cannot connect any more until it has a new key and the server its public half.`,
  "server-transport": (id) =>
    `No connector of "${id}" can connect to this server any more until both have new keys.`,
  "translator-transport": (id) =>
    `No connector of "${id}" can connect to this translator any more until both have new keys.`,
  poison: () => "The poison records in the database raise no alarm any more.",
  "webconfig-auth": () =>
    "The password file cannot be opened any more: nobody can log in to the web configuration.",
};
