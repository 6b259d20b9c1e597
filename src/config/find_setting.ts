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

/** More letters than this are no slip of the pen. */
const LARGEST_SLIP = 2;

/** The name that somebody may have meant who wrote one that nothing has; `null` when none is near. */
export function findSimilar(table: SettingsTable, written: string): string | null {
  const name = written.replaceAll("-", "_").toLowerCase();
  const known = table.flatMap((setting) => [setting.name, ...(setting.aliases ?? [])]);
  const near = known
    .map((candidate) => ({ candidate, slips: countSlips(name, candidate) }))
    .filter(({ candidate, slips }) => slips <= LARGEST_SLIP && slips < candidate.length / 2)
    .toSorted((a, b) => a.slips - b.slips);
  return near[0]?.candidate ?? null;
}

/** Letters to add, drop, replace or swap with the next one, to make one word of the other. */
function countSlips(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let row = 1; row <= a.length; row++) {
    const now = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1] ? 0 : 1;
      const isSwap = a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      now.push(
        Math.min(
          (last[column] ?? 0) + 1,
          (now[column - 1] ?? 0) + 1,
          (last[column - 1] ?? 0) + same,
          isSwap ? (beforeLast[column - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY,
        ),
      );
    }
    beforeLast = last;
    last = now;
  }
  return last[b.length] ?? 0;
}
