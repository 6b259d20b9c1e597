/** From a name as somebody wrote it to the setting it means (acra-cli.md §2.3, §16.2). */

import type { Setting, SettingsTable } from "./setting.ts";

/** A setting, and whether it was called by one of its newer names. */
export interface FoundSetting {
  readonly setting: Setting;
  readonly byAlias: boolean;
}

/** Finds by name or alias; `-` and `_` are equal. Names are case-sensitive. */
export function findSetting(table: SettingsTable, written: string): FoundSetting | null {
  const name = written.replaceAll("-", "_");
  for (const setting of table) {
    if (setting.name.replaceAll("-", "_") === name) {
      return { setting, byAlias: false };
    }
  }
  for (const setting of table) {
    if (setting.aliases?.includes(name)) {
      return { setting, byAlias: true };
    }
  }
  return null;
}

/** The table in byte order of names. */
export function sortSettings(table: SettingsTable): Setting[] {
  return [...table].sort((a, b) => (a.name < b.name ? -1 : 1));
}
