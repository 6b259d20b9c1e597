/**
 * Settings of commands: tables, values, the configuration file, `--dump_config` (acra-cli.md §3).
 *
 * @module
 */

export { ConfigError, type ConfigErrorOptions } from "./config_error.ts";
export { codeOf } from "./config_file.ts";
export { formatDump, type StagedDump, stageDump, writeDump } from "./dump.ts";
export { type FoundSetting, findSetting, sortSettings } from "./find_setting.ts";
export { FlagError } from "./flag_error.ts";
export { type InspectedSettings, inspectSettings, type SettingsComplaint } from "./inspect.ts";
export {
  checkSettings,
  type ResolvedSettings,
  resolveSettings,
  type SettingsInput,
  type SettingsNote,
} from "./resolve.ts";
export {
  type BooleanSetting,
  COMMON_SETTINGS,
  defineSettings,
  type IntegerSetting,
  type Setting,
  type SettingSource,
  type SettingsTable,
  type SettingValue,
  type SettingValues,
  type StringSetting,
} from "./setting.ts";
export { parseValue, readValues } from "./value.ts";
