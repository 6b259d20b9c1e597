/**
 * Settings of a command as data: one table is the source of its flags, its keys in a YAML file,
 * `--dump_config`, `--help` and its page in docs/commands (acra-cli.md §2, §3, §8).
 */

/** A value of any setting. */
export type SettingValue = string | number | boolean;

interface SettingBase<Type extends string, Value> {
  /** As in Acra 0.82, with underscores: `db_host`. */
  readonly name: string;
  readonly type: Type;
  readonly default: Value;
  /** One line, without a full stop. */
  readonly help: string;
  /** Says what is wrong with a value, as the end of the sentence "--name: …"; `null` when nothing is. */
  readonly validate?: (value: Value) => string | null;
  /** Newer names of the same setting; when both are given the newer one wins. */
  readonly aliases?: readonly string[];
  /** Feature of a later version ("TLS from the connector"): only the default is accepted until then. */
  readonly unavailable?: string;
}

/** A setting that holds text. */
export interface StringSetting extends SettingBase<"string", string> {
  /** The text is a path: `~/` is expanded to the home folder (B-4 of acra-cli.md §15). */
  readonly isPath?: boolean;
  /** Which values need the unavailable feature; by default all but the default. */
  readonly isUnavailable?: (value: string) => boolean;
}
/** A setting that holds a whole number. */
export type IntegerSetting = SettingBase<"integer", number>;
/** A setting that is on or off. */
export type BooleanSetting = SettingBase<"boolean", boolean>;

/** One row of a settings table. */
export type Setting = StringSetting | IntegerSetting | BooleanSetting;

/** All settings of one command. */
export type SettingsTable = readonly Setting[];

interface ValueOfType {
  readonly string: string;
  readonly integer: number;
  readonly boolean: boolean;
}

/** The values of a table: `{ db_host: string; db_port: number; … }`. */
export type SettingValues<Table extends SettingsTable> = {
  readonly [Row in Table[number] as Row["name"]]: ValueOfType[Row["type"]];
};

/** Who set a value. */
export type SettingSource = "command line" | "config file" | "default";

/** Makes a table whose names and types TypeScript knows. */
export function defineSettings<const Table extends SettingsTable>(table: Table): Table {
  return table;
}

/** The settings that every command of 0.82 has. */
export const COMMON_SETTINGS = defineSettings([
  {
    name: "config_file",
    type: "string",
    default: "",
    help: "Configuration file to read in place of configs/<service>.yaml",
    isPath: true,
  },
  {
    name: "dump_config",
    type: "boolean",
    default: false,
    help: "Write a configuration file with all defaults and exit",
  },
]);
