/** `acra keys list`: what a key folder holds, as a table or JSON (acra-cli.md §9.3, §16.3). */

import { defineSettings } from "../../config/mod.ts";
import {
  findPairFiles,
  formatKeyId,
  inspectPair,
  KEY_KINDS,
  type ListedKey,
  listKeys,
  type MasterKey,
  type PairState,
} from "../../keystore/mod.ts";
import { defineCommand } from "../command.ts";
import { findMasterKey } from "../key_input.ts";

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

const COLUMNS = [
  "Index",
  "Key purpose",
  "Client",
  "Key ID",
  "Pair",
  "Created",
  "Fingerprint",
  "Files",
] as const;

/** Hexadecimal digits of a fingerprint that a table shows: enough to tell keys apart at a glance. */
const SHOWN_DIGITS = 16;

export const keysListCommand = defineCommand({
  name: "keys list",
  service: "acra-keys",
  kind: "tool",
  about:
    "Lists the keys of a folder: whose they are, when they were made, the fingerprint of the public key, and " +
    "whether both halves are there and fit. Only the last needs the master key; without it a whole pair is " +
    "`unknown`.",
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
      const rows = listRows(values.keys_dir, findMasterKey(context));
      context.stdout.write(values.json ? formatJson(rows) : formatTable(rows));
      return 0;
    }),
});

/** What is shown of one key. */
interface Row {
  readonly key: ListedKey;
  readonly keyId: string;
  readonly title: string;
  /** `null` for the one key that is no pair. */
  readonly pair: PairState | "unusable" | null;
  readonly fingerprint: string | null;
}

function listRows(folder: string, masterKey: MasterKey | null): readonly Row[] {
  return listKeys(folder).map((key) => {
    const files = findPairFiles(key);
    const keyId = formatKeyId(key.kind, key.id);
    const title = titleOf(key);
    if (files === null) {
      return { key, keyId, title, pair: null, fingerprint: null };
    }
    const { state, fingerprint, unusable } = inspectPair(folder, files, masterKey);
    return { key, keyId, title, pair: unusable.length > 0 ? "unusable" : state, fingerprint };
  });
}

function formatJson(rows: readonly Row[]): string {
  const entries = rows.map(({ key, keyId, title, pair, fingerprint }, index) => ({
    Index: index + 1,
    KeyID: keyId,
    State: "current",
    Purpose: title,
    ...(key.id === null ? {} : { [key.kind === "zone" ? "ZoneID" : "ClientID"]: key.id }),
    CreationTime: key.time.toISOString(),
    ...(pair === null ? {} : { Pair: pair }),
    ...(fingerprint === null ? {} : { Fingerprint: fingerprint }),
    Files: filesOf(key),
  }));
  return `${JSON.stringify(entries)}\n`;
}

function formatTable(rows: readonly Row[]): string {
  const lines = rows.map(({ key, keyId, title, pair, fingerprint }, index) => [
    `${index + 1}`,
    title,
    key.id ?? "",
    keyId,
    pair ?? "",
    key.time.toISOString().slice(0, "2006-01-02T15:04".length).replace("T", " "),
    fingerprint?.slice(0, SHOWN_DIGITS) ?? "",
    filesOf(key).join(", "),
  ]);
  const widths = COLUMNS.map((column, at) =>
    Math.max(column.length, ...lines.map((line) => line[at]?.length ?? 0)),
  );
  const format = (cells: readonly string[]) =>
    `${cells
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join(" | ")
      .trimEnd()}\n`;
  const rule = `${widths.map((width) => "-".repeat(width)).join("-+-")}\n`;
  return format(COLUMNS) + rule + lines.map(format).join("");
}

function filesOf(key: ListedKey): readonly string[] {
  return [key.privateName, key.publicName].filter((name) => name !== null);
}

function titleOf(key: ListedKey): string {
  if (key.kind === "poison") {
    return "poison record key";
  }
  return key.kind === "webconfig-auth" ? "web configuration key" : KEY_KINDS[key.kind].title;
}
