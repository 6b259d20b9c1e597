/**
 * The settings that `/getConfig` shows and `/setConfig` changes, as JSON (acra-formats.md §5.6).
 * Types and control characters are checked here; ranges are the business of the settings table.
 */

/** The seven settings, in the order of the JSON. */
export interface ApiConfig {
  readonly db_host: string;
  readonly db_port: number;
  readonly incoming_connection_api_port: number;
  readonly debug: boolean;
  readonly poison_run_script_file: string;
  readonly poison_shutdown_enable: boolean;
  readonly zonemode_enable: boolean;
}

/** What is to change; a setting that is not named keeps its value. */
export type ConfigChange = { readonly [Name in keyof ApiConfig]?: ApiConfig[Name] | undefined };

/** The JSON of the settings, with the escapes of the original's encoder. */
export function formatConfig(config: ApiConfig): string {
  const ordered: ApiConfig = {
    db_host: config.db_host,
    db_port: config.db_port,
    incoming_connection_api_port: config.incoming_connection_api_port,
    debug: config.debug,
    poison_run_script_file: config.poison_run_script_file,
    poison_shutdown_enable: config.poison_shutdown_enable,
    zonemode_enable: config.zonemode_enable,
  };
  return JSON.stringify(ordered).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** Bytes are not the JSON of a change; the message names the setting, never its value. */
export class ConfigChangeError extends Error {
  override readonly name = "ConfigChangeError";
}

/**
 * Reads the body of `/setConfig`. Unknown members are ignored; `null` counts as missing.
 * @throws ConfigChangeError when it is no JSON object or a value has the wrong type.
 */
export function parseConfigChange(body: Uint8Array): ConfigChange {
  const members = parseObject(body);
  return {
    db_host: readText(members, "db_host"),
    db_port: readInteger(members, "db_port"),
    incoming_connection_api_port: readInteger(members, "incoming_connection_api_port"),
    debug: readBoolean(members, "debug"),
    poison_run_script_file: readText(members, "poison_run_script_file"),
    poison_shutdown_enable: readBoolean(members, "poison_shutdown_enable"),
    zonemode_enable: readBoolean(members, "zonemode_enable"),
  };
}

type Members = ReadonlyMap<string, unknown>;

function parseObject(body: Uint8Array): Members {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch {
    throw new ConfigChangeError("the body is no JSON");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new ConfigChangeError("the body is no JSON object");
  }
  return new Map(Object.entries(value));
}

function readText(members: Members, name: keyof ApiConfig): string | undefined {
  const value = members.get(name) ?? undefined;
  if (value !== undefined && typeof value !== "string") {
    throw new ConfigChangeError(`${name} has to be a text`);
  }
  if (value !== undefined && /[\p{Cc}\u2028\u2029]/u.test(value)) {
    throw new ConfigChangeError(`${name} must not hold control characters`);
  }
  return value;
}

function readInteger(members: Members, name: keyof ApiConfig): number | undefined {
  const value = members.get(name) ?? undefined;
  if (value !== undefined && (typeof value !== "number" || !Number.isSafeInteger(value))) {
    throw new ConfigChangeError(`${name} has to be a whole number`);
  }
  return value;
}

function readBoolean(members: Members, name: keyof ApiConfig): boolean | undefined {
  const value = members.get(name) ?? undefined;
  if (value !== undefined && typeof value !== "boolean") {
    throw new ConfigChangeError(`${name} has to be true or false`);
  }
  return value;
}
