/** Text → value of a setting, with the rules of Go's flag package (acra-cli.md §2.1, §2.2). */

import { quoteText } from "../log/mod.ts";
import { FlagError } from "./flag_error.ts";
import type { Setting, SettingsTable, SettingValue, SettingValues } from "./setting.ts";

const TRUE = new Set(["1", "t", "T", "TRUE", "true", "True"]);
const FALSE = new Set(["0", "f", "F", "FALSE", "false", "False"]);

/** Sign; then 0x, 0b, 0o, leading 0 for octal, or decimal; `_` between digits or after the prefix. */
const INTEGER =
  /^([+-]?)(?:0[xX]((?:_?[0-9a-fA-F])+)|0[bB]((?:_?[01])+)|0[oO]?((?:_?[0-7])+)|(0|[1-9](?:_?[0-9])*))$/;

const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;

/**
 * Parses the value of a setting.
 * @throws FlagError with the sentence of the original when the text is no value of the type.
 */
export function parseValue(setting: Setting, text: string): SettingValue {
  switch (setting.type) {
    case "string":
      return text;
    case "integer":
      return parseInteger(setting.name, text);
    case "boolean":
      return parseBoolean(setting.name, text);
  }
}

function parseBoolean(name: string, text: string): boolean {
  if (TRUE.has(text)) {
    return true;
  }
  if (FALSE.has(text)) {
    return false;
  }
  throw new FlagError(`invalid boolean value ${quoteText(text)} for -${name}: parse error`);
}

function parseInteger(name: string, text: string): number {
  const value = readInteger(text);
  if (value === null) {
    throw new FlagError(`invalid value ${quoteText(text)} for flag -${name}: parse error`);
  }
  if (value < INT64_MIN || value > INT64_MAX) {
    throw new FlagError(`invalid value ${quoteText(text)} for flag -${name}: value out of range`);
  }
  return Number(value);
}

function readInteger(text: string): bigint | null {
  const match = INTEGER.exec(text);
  if (match === null) {
    return null;
  }
  const [, sign, hex, binary, octal, decimal] = match;
  const digits = prefixed("0x", hex) ?? prefixed("0b", binary) ?? prefixed("0o", octal) ?? decimal;
  const value = BigInt((digits ?? "").replaceAll("_", ""));
  return sign === "-" ? -value : value;
}

function prefixed(prefix: string, digits: string | undefined): string | undefined {
  return digits === undefined ? undefined : prefix + digits;
}

/**
 * Takes values that were plain data for the values of a table.
 * @throws TypeError when one is missing or of another type.
 */
export function readValues<Table extends SettingsTable>(
  table: Table,
  plain: Readonly<Record<string, SettingValue>>,
): SettingValues<Table> {
  const wrong = table.find(({ name, default: usual }) => typeof plain[name] !== typeof usual);
  if (wrong !== undefined) {
    throw new TypeError(`The value of ${wrong.name} is not of its type`);
  }
  return plain as SettingValues<Table>;
}
