/**
 * Commands as data (acra-cli.md §1, §8). A command module exports `defineCommand({…})`; `commands.ts`
 * names it; the framework parses flags and the configuration file, prints help, and calls `run`.
 */

import type {
  SettingSource,
  SettingsComplaint,
  SettingsTable,
  SettingValues,
} from "../config/mod.ts";
import type { LevelledLogger } from "../log/mod.ts";
import type { Thread } from "../workers/mod.ts";
import type { TextInput } from "./text_input.ts";

/** Where text goes: stdout carries results only, stderr everything else. */
export interface TextOutput {
  /** Writes as it is; the caller adds line ends. Bytes are the stream's from then on. */
  write(text: string | Uint8Array): void;
  readonly isTTY: boolean;
}

/** The world as a command sees it. */
export interface CommandContext<Table extends SettingsTable = SettingsTable> {
  readonly stdin: TextInput;
  readonly stdout: TextOutput;
  readonly stderr: TextOutput;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** At the level of start-up; daemons call `endStartUp` when they are ready (acra-cli.md §6.1). */
  readonly log: LevelledLogger;
  /** Begins a thread that waits to be told what to do. */
  startThread(): Thread;
  /** What stands beside the flags, for commands that declare `operands`. */
  readonly operands: readonly string[];
  /** Who set the setting of this name. */
  given(name: string): SettingSource;
  /** The configuration file that was read, or would have been. */
  readonly configPath: string;
  /** What is wrong with the settings, for commands that gather that. */
  readonly complaints: readonly SettingsComplaint[];
  /**
   * Resolves and checks the settings anew: the same arguments over what the file holds now, or over
   * `fileText` in its place.
   * @throws ConfigError or FlagError for what would end a start.
   */
  reread(fileText?: string): RereadSettings<Table>;
}

/** Settings as they are written now, and the world as they see it. */
export interface RereadSettings<Table extends SettingsTable = SettingsTable> {
  readonly context: CommandContext<Table>;
  readonly values: SettingValues<Table>;
}

/** One example of `--help`: what it does, and the line to type. */
export interface Example {
  readonly about: string;
  readonly line: string;
}

/** What a command of ours takes beside its flags; those of 0.82 ignore all of that. */
export interface Operands {
  /** As in the usage line: `FOLDER`, `KEY-ID...`. */
  readonly usage: string;
  readonly minimum: number;
  readonly maximum: number;
  /** The words that are possible, for completion; otherwise files are proposed. */
  readonly words?: readonly string[];
}

/** A command: `acra NAME`, or the executable that the original shipped for it. */
export interface Command<Table extends SettingsTable = SettingsTable> {
  /** As typed after `acra`: `server`, `keys gen`. */
  readonly name: string;
  /** Name in logs and of the default configuration file: `acra-server`. */
  readonly service: string;
  /** Daemons log their failures with an event code too (acra-cli.md §6.6). */
  readonly kind: "daemon" | "tool";
  /** What it is for: a short paragraph of whole sentences. */
  readonly about: string;
  readonly examples: readonly Example[];
  /** All flags; commands of 0.82 include `...COMMON_SETTINGS`. */
  readonly settings: Table;
  /** Lets other arguments stand before, between and behind the flags. */
  readonly operands?: Operands;
  /** Mistakes in the settings are handed to `run` in place of ending it. */
  readonly gathersComplaints?: boolean;
  /** Level from which on a tool logs; info when absent. */
  readonly logLevel?: "info" | "warning";
  /**
   * Does the work; the promise gives the exit code.
   * @throws ConfigError what the operator can fix: printed as `error:` and `hint:`, exit code 1.
   */
  run(context: CommandContext<Table>, values: SettingValues<Table>): Promise<number>;
}

/** Checks a command against its own settings table. */
export function defineCommand<const Table extends SettingsTable>(
  command: Command<Table>,
): Command<Table> {
  return command;
}
