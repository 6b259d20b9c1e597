/** What the table of commands is made of. */

import type { Command } from "./command.ts";

/** A command that is loaded when it is used. */
export interface SingleCommand {
  readonly kind: "command";
  /** As typed: `server`; within a group its last word. */
  readonly name: string;
  /** Further words for it. */
  readonly aliases?: readonly string[];
  /** Name of the original's executable: a link of that name starts this command. */
  readonly executable?: string;
  /** A few words for the list of commands. */
  readonly about: string;
  load(): Promise<Command>;
}

/** Commands under one word: `keys gen`. */
export interface CommandGroup {
  readonly kind: "group";
  readonly name: string;
  readonly about: string;
  readonly commands: readonly SingleCommand[];
}

/** A command or a group. */
export type CommandEntry = SingleCommand | CommandGroup;

/** What a command is for, in the order of `acra help`. */
export const SECTIONS = ["Run", "Keys", "Data", "Check", "More"] as const;

/** One of {@link SECTIONS}. */
export type Section = (typeof SECTIONS)[number];

/** A row of the table. */
export type TopEntry = CommandEntry & { readonly section: Section };
