/** `--dump_config`: a configuration file with every setting and its default (acra-cli.md §3.3). */

import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { sortSettings } from "./find_setting.ts";
import type { Setting, SettingsTable } from "./setting.ts";
import { formatYamlScalar } from "./yaml_text.ts";

/** Modes of the original. */
const FOLDER_MODE = 0o744;
const FILE_MODE = 0o644;

/** Three lines for each setting in byte order of names: comment, key and default, empty line. */
export function formatDump(table: SettingsTable): string {
  return sortSettings(table)
    .map((setting) => `# ${setting.help}\n${setting.name}: ${formatDefault(setting)}\n\n`)
    .join("");
}

/** An empty text is left empty: the key then keeps its default when the file is read. */
function formatDefault(setting: Setting): string {
  if (setting.type !== "string") {
    return String(setting.default);
  }
  return setting.default === "" ? "" : formatYamlScalar(setting.default);
}

/**
 * Writes a dump, and the folders above it when they are missing.
 * @throws Error of the system when it cannot be written.
 */
export function writeDump(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: FOLDER_MODE });
  writeFileSync(path, text, { mode: FILE_MODE });
}
