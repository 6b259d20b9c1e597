/** What there is to complete: every command with its flags, out of the tables. */

import { sortSettings } from "../../config/mod.ts";
import type { CommandEntry, SingleCommand } from "../command_table.ts";

/** A flag as it is typed. */
export interface FlagWord {
  /** With its dashes, without `=`. */
  readonly word: string;
  readonly help: string;
  /** What follows it. */
  readonly value: "none" | "path" | "text";
}

/** A command that takes flags. */
export interface CommandWords {
  /** Behind `acra`: `server`, `keys gen`. */
  readonly path: string;
  readonly about: string;
  /** The last word in other words. */
  readonly aliases: readonly string[];
  /** Name of a link that is this command. */
  readonly executable: string | null;
  readonly flags: readonly FlagWord[];
  /** Files, or these words, stand beside the flags; `null` when nothing does. */
  readonly operands: "files" | readonly string[] | null;
}

/** A word behind `acra`, or behind a group. */
export interface FirstWord {
  readonly word: string;
  readonly about: string;
  /** Commands of a group, empty for a command. */
  readonly words: readonly FirstWord[];
}

/** Everything that the scripts are made from. */
export interface Vocabulary {
  readonly firstWords: readonly FirstWord[];
  readonly commands: readonly CommandWords[];
}

/** Loads all commands. */
export async function collectVocabulary(entries: readonly CommandEntry[]): Promise<Vocabulary> {
  const singles = entries.flatMap((entry) => (entry.kind === "group" ? entry.commands : [entry]));
  return {
    firstWords: [
      ...entries.map((entry) => ({
        word: entry.name,
        about: entry.about,
        words:
          entry.kind === "group"
            ? entry.commands.map(({ name, about }) => ({ word: name, about, words: [] }))
            : [],
      })),
      { word: "help", about: "Explain a command", words: [] },
      { word: "version", about: "Print the version", words: [] },
    ],
    commands: await Promise.all(singles.map(readCommand)),
  };
}

async function readCommand(single: SingleCommand): Promise<CommandWords> {
  const { name, settings, operands } = await single.load();
  return {
    path: name,
    about: single.about,
    aliases: single.aliases ?? [],
    executable: single.executable ?? null,
    flags: sortSettings(settings).map((setting) => ({
      word: `${setting.name.length <= 2 ? "-" : "--"}${setting.name}`,
      help: setting.help,
      value: valueOfType(setting),
    })),
    operands: operands === undefined ? null : (operands.words ?? "files"),
  };
}

function valueOfType(setting: { readonly type: string; readonly isPath?: boolean }) {
  if (setting.type === "boolean") {
    return "none";
  }
  return setting.isPath === true ? "path" : "text";
}

/** A word for sh, bash and zsh: in single quotes. */
export function quoteWord(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** The paths of a command, its aliases too: `keys gen|keys generate`. */
export function pathsOf({ path, aliases }: CommandWords): readonly string[] {
  const group = path.slice(0, path.lastIndexOf(" ") + 1);
  return [path, ...aliases.map((alias) => `${group}${alias}`)];
}
