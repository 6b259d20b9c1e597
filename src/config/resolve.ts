/**
 * From what was written to what holds: command line over configuration file over default
 * (acra-cli.md §3.1).
 */

import { ConfigError } from "./config_error.ts";
import { defaultConfigPath, expandHome, readConfigFile } from "./config_file.ts";
import { findSetting, findSimilar, sortSettings } from "./find_setting.ts";
import { FlagError } from "./flag_error.ts";
import type {
  Setting,
  SettingSource,
  SettingsTable,
  SettingValue,
  SettingValues,
} from "./setting.ts";
import { parseValue } from "./value.ts";
import type { YamlSettings } from "./yaml_text.ts";

/** What a resolved value is made from. */
export interface SettingsInput<Table extends SettingsTable> {
  readonly table: Table;
  /** Name of the service, for the default path of the file. */
  readonly service: string;
  /** Setting name → text, as the flags gave them. */
  readonly flags: ReadonlyMap<string, string>;
  /** Home folder, for `~/`. */
  readonly home: string | undefined;
  /** Taken for the content of the file in place of what it holds: to try what is not yet written. */
  readonly fileText?: string | undefined;
  /** Is told of mistakes, in place of an error; what was written wrong counts as not written. */
  readonly complain?: (error: ConfigError | FlagError) => void;
}

/** A line for the log, which does not exist yet while settings are resolved. */
export interface SettingsNote {
  readonly level: "info" | "warning";
  readonly message: string;
  /** What to do about a warning. */
  readonly hint?: string;
}

/** Values that hold, and where they come from. */
export interface ResolvedSettings<Table extends SettingsTable = SettingsTable> {
  readonly values: SettingValues<Table>;
  readonly notes: readonly SettingsNote[];
  /** The file that was or would be read; a dump goes there. */
  readonly configPath: string;
  /** Who set the setting of this name. */
  given(name: string): SettingSource;
}

/** A setting's text and who gave it. */
interface Written {
  readonly text: string;
  readonly source: SettingSource;
}

/** What a file says that cannot be read. */
const NOTHING: YamlSettings = new Map();

/**
 * Applies the file below the flags. Values have their types; `checkSettings` looks at what they say.
 * @throws ConfigError when the file cannot be read.
 * @throws FlagError when a text is no value of its type.
 */
export function resolveSettings<Table extends SettingsTable>(
  input: SettingsInput<Table>,
): ResolvedSettings<Table> {
  const notes: SettingsNote[] = [];
  const named = input.flags.get("config_file") ?? "";
  const configPath = expandHome(
    named === "" ? defaultConfigPath(input.service) : named,
    input.home,
  );
  const hasFile = findSetting(input.table, "config_file") !== null;
  const attempt = <Value>(read: () => Value, otherwise: Value) =>
    attemptWith(input.complain, read, otherwise);
  const file = hasFile ? attempt(() => readConfigFile(configPath, input.fileText), NOTHING) : null;
  if (file !== null) {
    notes.push({ level: "info", message: `Configuration file: ${configPath}` });
    notes.push(...findFileNotes(file, input.table, configPath));
  } else if (named !== "") {
    notes.push({
      level: "warning",
      message: `--config_file: there is no file ${configPath}`,
      hint: "name the file that the program is started with",
    });
  }
  const written = collectWritten(input, file);
  const entries = sortSettings(input.table).map((setting): [string, SettingValue] => [
    setting.name,
    attempt(() => readSetting(setting, written.get(setting.name), input.home), setting.default),
  ]);
  return {
    values: Object.fromEntries(entries) as SettingValues<Table>,
    notes,
    configPath,
    given: (name) => written.get(name)?.source ?? "default",
  };
}

function attemptWith<Value>(
  complain: SettingsInput<SettingsTable>["complain"],
  read: () => Value,
  otherwise: Value,
): Value {
  try {
    return read();
  } catch (error) {
    if (complain === undefined || !(error instanceof ConfigError || error instanceof FlagError)) {
      throw error;
    }
    complain(error);
    return otherwise;
  }
}

function collectWritten(
  { table, flags }: SettingsInput<SettingsTable>,
  file: YamlSettings | null,
): Map<string, Written> {
  const written = new Map<string, Written>();
  for (const setting of table) {
    const flag = flags.get(setting.name);
    const text = flag ?? findInFile(setting, file);
    if (text !== null) {
      const source = flag === undefined ? "config file" : "command line";
      written.set(setting.name, { text, source });
    }
  }
  return written;
}

/** Newer names win over the original's, and of one name the form with underscores. */
function findInFile(setting: Setting, file: YamlSettings | null): string | null {
  for (const name of [...(setting.aliases ?? []), setting.name]) {
    const text = file?.get(name) ?? file?.get(name.replaceAll("_", "-")) ?? null;
    if (text !== null) {
      return text;
    }
  }
  return null;
}

function readSetting(
  setting: Setting,
  written: Written | undefined,
  home: string | undefined,
): SettingValue {
  if (written === undefined) {
    return setting.default;
  }
  const value = parseValue(setting, written.text);
  const isPath = setting.type === "string" && setting.isPath === true;
  return isPath ? expandHome(String(value), home) : value;
}

/** The newest form of the file that this program knows; 0.82 itself has no `version` key. */
const KNOWN_VERSION = [0, 96];

function findFileNotes(file: YamlSettings, table: SettingsTable, path: string): SettingsNote[] {
  const notes: SettingsNote[] = [];
  for (const [key, text] of file) {
    if (key === "version") {
      const complaint = findVersionComplaint(text ?? "");
      if (complaint !== null) {
        notes.push({
          level: "warning",
          message: `${path}: version ${complaint}`,
          hint: "look through the file; `acra COMMAND --dump_config` shows what this program knows",
        });
      }
    } else if (findSetting(table, key) === null) {
      const similar = findSimilar(table, key);
      notes.push({
        level: "warning",
        message: `${path}: unknown setting ${JSON.stringify(key)}`,
        hint:
          similar === null
            ? "it has no effect: remove it, or correct its name"
            : `it has no effect: perhaps ${similar} is meant`,
      });
    }
  }
  return notes;
}

function findVersionComplaint(text: string): string | null {
  const match = /^(\d+)\.(\d+)\.(\d+)$/.exec(text);
  if (match === null) {
    return `${JSON.stringify(text)} is not of the form 0.82.0`;
  }
  const [major = 0, minor = 0] = KNOWN_VERSION;
  const isNewer =
    Number(match[1]) > major || (Number(match[1]) === major && Number(match[2]) > minor);
  return isNewer ? `${text} is newer than this program knows` : null;
}

/**
 * Checks what the values say, in byte order of names.
 * @throws ConfigError for a value out of range or one that needs a feature of a later version.
 */
export function checkSettings(table: SettingsTable, settings: ResolvedSettings): void {
  for (const setting of sortSettings(table)) {
    const error = findSettingError(setting, settings);
    if (error !== null) {
      throw error;
    }
  }
}

/** What is wrong with one value, or `null`. */
export function findSettingError(setting: Setting, settings: ResolvedSettings): ConfigError | null {
  const value = settings.values[setting.name] ?? setting.default;
  const source = settings.given(setting.name);
  const complaint = source === "default" ? null : findComplaint(setting, value);
  if (complaint !== null) {
    return new ConfigError(`--${setting.name}: ${complaint}`, hintFor(setting, source, settings));
  }
  if (setting.unavailable !== undefined && needsLater(setting, value)) {
    return new ConfigError(
      `--${setting.name}=${value} is not supported by this version yet: ${setting.unavailable}`,
      source === "config file"
        ? `remove ${setting.name} from ${settings.configPath}`
        : `leave out --${setting.name}`,
    );
  }
  return null;
}

function hintFor(setting: Setting, source: SettingSource, settings: ResolvedSettings): string {
  const standard = setting.default === "" ? "" : `; the default is ${setting.default}`;
  return source === "config file"
    ? `correct ${setting.name} in ${settings.configPath}${standard}`
    : `correct --${setting.name}${standard}`;
}

function findComplaint(setting: Setting, value: SettingValue): string | null {
  switch (setting.type) {
    case "string":
      return setting.validate?.(String(value)) ?? null;
    case "integer":
      return setting.validate?.(Number(value)) ?? null;
    case "boolean":
      return setting.validate?.(value === true) ?? null;
  }
}

function needsLater(setting: Setting, value: SettingValue): boolean {
  if (setting.type === "string" && setting.isUnavailable !== undefined) {
    return setting.isUnavailable(String(value));
  }
  return value !== setting.default;
}
