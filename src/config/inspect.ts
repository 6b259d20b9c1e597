/** Settings for a tool that tells all that is wrong with them, in place of a program that refuses to start. */

import { ConfigError } from "./config_error.ts";
import { sortSettings } from "./find_setting.ts";
import type { FlagError } from "./flag_error.ts";
import {
  findSettingError,
  type ResolvedSettings,
  resolveSettings,
  type SettingsInput,
  type SettingsNote,
} from "./resolve.ts";
import type { SettingsTable, SettingValue, SettingValues } from "./setting.ts";

/** One mistake in what was written. */
export interface SettingsComplaint {
  /** A program would not start with an error; with a warning it starts and does not do what was meant. */
  readonly severity: "error" | "warning";
  readonly message: string;
  readonly hint: string;
}

/** Values that hold where what is wrong were not written, and what is wrong. */
export interface InspectedSettings<Table extends SettingsTable = SettingsTable> {
  readonly settings: ResolvedSettings<Table>;
  readonly complaints: readonly SettingsComplaint[];
}

/** Resolves and checks settings; mistakes are told, and the default holds in their place. */
export function inspectSettings<Table extends SettingsTable>(
  input: SettingsInput<Table>,
): InspectedSettings<Table> {
  const errors: (ConfigError | FlagError)[] = [];
  const complain = (error: ConfigError | FlagError): void => void errors.push(error);
  const resolved: ResolvedSettings<Table> = resolveSettings({ ...input, complain });
  const { configPath, notes } = resolved;
  const values: Record<string, SettingValue> = { ...resolved.values };
  const wrong = new Set<string>();
  for (const setting of sortSettings(input.table)) {
    const error = findSettingError(setting, resolved);
    if (error !== null) {
      complain(error);
      wrong.add(setting.name);
      values[setting.name] = setting.default;
    }
  }
  const given: ResolvedSettings["given"] = (name) =>
    wrong.has(name) ? "default" : resolved.given(name);
  return {
    settings: { ...resolved, values: values as SettingValues<Table>, given },
    complaints: [
      ...errors.map((error) => toComplaint(error, configPath)),
      ...notes.filter(({ level }) => level === "warning").map(fromNote),
    ],
  };
}

/** Flags of a wrong type have been refused before: what is left of that kind stands in the file. */
function toComplaint(error: ConfigError | FlagError, configPath: string): SettingsComplaint {
  const hint = error instanceof ConfigError ? error.hint : `correct the value in ${configPath}`;
  return { severity: "error", message: error.message, hint };
}

function fromNote({ message, hint }: SettingsNote): SettingsComplaint {
  return { severity: "warning", message, hint: hint ?? "correct it" };
}
