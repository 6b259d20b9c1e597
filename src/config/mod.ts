/**
 * Settings of commands: tables, values, the configuration file, `--dump_config` (acra-cli.md §3).
 *
 * @module
 */

export { ConfigError, type ConfigErrorOptions } from "./config_error.ts";
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
