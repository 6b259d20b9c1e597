/** `acra keys list`: what a key folder holds, as a table or JSON (acra-cli.md §9.3, §16.3). */

import { defineSettings } from "../config/mod.ts";
import { KEY_KINDS, type KeyKind, type ListedKey, listKeys } from "../keystore/mod.ts";
import { defineCommand } from "./command.ts";

const KEYS_LIST_SETTINGS = defineSettings([
  {
    name: "json",
    type: "boolean",
    default: false,
    help: "Print a JSON array in place of a table",
  },
  {
    name: "keys_dir",
    type: "string",
    default: ".acrakeys",
    help: "Folder of keys",
    isPath: true,
  },
]);

const COLUMNS = ["Index", "Key purpose", "Client", "Key ID", "Files", "What for"] as const;

export const keysListCommand = defineCommand({
  name: "keys list",
  service: "acra-keys",
  kind: "tool",
  about: "Lists the keys of a folder by the names of its files. Needs no master key.",
  examples: [
    { about: "List the server's keys", line: "acra keys list --keys_dir=.acrakeys/acra-server" },
    {
      about: "The same for programs",
      line: "acra keys list --keys_dir=.acrakeys/acra-server --json",
    },
  ],
  settings: KEYS_LIST_SETTINGS,
  run: (context, values) =>
    Promise.resolve().then(() => {
      const keys = listKeys(values.keys_dir);
      context.stdout.write(values.json ? formatJson(keys) : formatTable(keys));
      return 0;
    }),
});

/** What is shown of one key. */
interface Row {
  readonly keyId: string;
  readonly title: string;
  readonly purpose: string;
}

function formatJson(keys: readonly ListedKey[]): string {
  const entries = keys.map((key, index) => ({
    Index: index + 1,
    KeyID: rowOf(key).keyId,
    State: "current",
    Purpose: rowOf(key).title,
    ...(key.id === null ? {} : { ClientID: key.id }),
    CreationTime: key.time.toISOString(),
    Files: filesOf(key),
  }));
  return `${JSON.stringify(entries)}\n`;
}

function formatTable(keys: readonly ListedKey[]): string {
  const rows = keys.map((key, index) => {
    const { keyId, title, purpose } = rowOf(key);
    return [`${index + 1}`, title, key.id ?? "", keyId, filesOf(key).join(", "), purpose];
  });
  const widths = COLUMNS.map((column, at) =>
    Math.max(column.length, ...rows.map((row) => row[at]?.length ?? 0)),
  );
  const format = (cells: readonly string[]) =>
    `${cells
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join(" | ")
      .trimEnd()}\n`;
  const line = `${widths.map((width) => "-".repeat(width)).join("-+-")}\n`;
  return format(COLUMNS) + line + rows.map(format).join("");
}

function filesOf(key: ListedKey): readonly string[] {
  return [key.privateName, key.publicName].filter((name) => name !== null);
}

function rowOf(key: ListedKey): Row {
  if (key.kind === "poison") {
    return {
      keyId: "poison-record",
      title: "poison record key",
      purpose: "recognises poison records; the public key makes them",
    };
  }
  if (key.kind === "webconfig-auth") {
    return {
      keyId: "webconfig-auth",
      title: "web configuration key",
      purpose: "encrypts the password file; not encrypted itself",
    };
  }
  const { title, purpose } = KEY_KINDS[key.kind];
  return { keyId: ownedKeyId(key.kind, key.id ?? ""), title, purpose };
}

/** As later versions name keys: `client/ID/transport/server`, `zone/ID/storage`. */
function ownedKeyId(kind: Exclude<KeyKind, "poison" | "webconfig-auth">, id: string): string {
  switch (kind) {
    case "storage":
      return `client/${id}/storage`;
    case "zone":
      return `zone/${id}/storage`;
    case "connector-transport":
    case "server-transport":
    case "translator-transport":
      return `client/${id}/transport/${kind.slice(0, -"-transport".length)}`;
  }
}
