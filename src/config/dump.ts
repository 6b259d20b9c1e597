/** `--dump_config`: a configuration file with every setting and its default (acra-cli.md §3.3). */

import {
  lstatSync,
  mkdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { writeNewFile } from "../files/mod.ts";
import { sortSettings } from "./find_setting.ts";
import type { Setting, SettingsTable, SettingValue } from "./setting.ts";
import { formatYamlScalar } from "./yaml_text.ts";

/** Modes of the original. */
const FOLDER_MODE = 0o744;
const FILE_MODE = 0o644;

/**
 * Three lines for each setting in byte order of names: comment, key and value, empty line. The values
 * are the defaults where `values` has none.
 */
export function formatDump(
  table: SettingsTable,
  values: Readonly<Record<string, SettingValue>> = {},
): string {
  return sortSettings(table)
    .map((setting) => {
      const value = formatValue(setting, values[setting.name] ?? setting.default);
      return `# ${setting.help}\n${setting.name}: ${value}\n\n`;
    })
    .join("");
}

/** Nothing at all keeps the default when the file is read: so an empty default is left empty. */
function formatValue(setting: Setting, value: SettingValue): string {
  if (typeof value !== "string") {
    return String(value);
  }
  return value === "" && setting.default === "" ? "" : formatYamlScalar(value);
}

/**
 * Writes a dump, and the folders above it when they are missing.
 * @throws Error of the system when it cannot be written.
 */
export function writeDump(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: FOLDER_MODE });
  writeFileSync(path, text, { mode: FILE_MODE });
}

/** A dump beside its place; either `install` or `discard` has to follow. */
export interface StagedDump {
  /**
   * Puts it over the file that is there.
   * @throws Error of the system when that fails.
   */
  install(): void;
  discard(): void;
}

/**
 * Writes a dump beside `path`, so that the file there is the old one or the new one and never half of
 * it. A link is followed, and the mode of a file that is there is kept.
 * @throws Error of the system when it cannot be written.
 */
export function stageDump(path: string, text: string): StagedDump {
  mkdirSync(dirname(path), { recursive: true, mode: FOLDER_MODE });
  const isLink = lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;
  const target = isLink ? realpathSync(path) : path;
  const mode = statSync(target, { throwIfNoEntry: false })?.mode ?? FILE_MODE;
  const temporary = join(dirname(target), `.tmp-${crypto.randomUUID()}`);
  const discard = () => rmSync(temporary, { force: true });
  try {
    writeNewFile(temporary, new TextEncoder().encode(text), mode & 0o777);
  } catch (error) {
    discard();
    throw error;
  }
  return { install: () => renameSync(temporary, target), discard };
}
