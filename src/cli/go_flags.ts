/** Arguments with the rules of Go's flag package, which the original used (acra-cli.md §2). */

import { FlagError, findSetting, parseValue, type SettingsTable } from "../config/mod.ts";

/** What the arguments of a command say. */
export interface Flags {
  /** Setting name → text; of a flag given twice the last, of an alias and its old name the alias. */
  readonly values: ReadonlyMap<string, string>;
  /** What stands behind the flags and is ignored. */
  readonly ignored: readonly string[];
  /** Help was asked for; nothing after that was read. */
  readonly help: boolean;
}

/** One flag as it was read: the arguments it takes up, and the text of its value. */
interface ReadFlag {
  readonly name: string;
  readonly byAlias: boolean;
  readonly text: string;
  readonly length: 1 | 2;
}

/**
 * Reads flags from left to right.
 * @throws FlagError with the sentence of the original.
 */
export function parseFlags(args: readonly string[], table: SettingsTable): Flags {
  const values = new Map<string, string>();
  const byAlias = new Set<string>();
  let at = 0;
  while (at < args.length) {
    const argument = args[at] ?? "";
    if (argument.length < 2 || !argument.startsWith("-")) {
      break;
    }
    if (argument === "--") {
      at += 1;
      break;
    }
    const flag = readFlag(argument, args[at + 1], table);
    if (flag === "help") {
      return { values, ignored: [], help: true };
    }
    if (flag.byAlias || !byAlias.has(flag.name)) {
      values.set(flag.name, flag.text);
    }
    if (flag.byAlias) {
      byAlias.add(flag.name);
    }
    at += flag.length;
  }
  return { values, ignored: args.slice(at), help: false };
}

function readFlag(
  argument: string,
  next: string | undefined,
  table: SettingsTable,
): ReadFlag | "help" {
  const body = argument.replace(/^--?/, "");
  if (body === "" || body.startsWith("-") || body.startsWith("=")) {
    throw new FlagError(`bad flag syntax: ${argument}`);
  }
  const equals = body.indexOf("=", 1);
  const written = equals === -1 ? body : body.slice(0, equals);
  const found = findSetting(table, written);
  if (found === null) {
    if (written === "h" || written === "help") {
      return "help";
    }
    throw new FlagError(`flag provided but not defined: -${written}`);
  }
  const { setting, byAlias } = found;
  const { name } = setting;
  if (equals !== -1) {
    const text = body.slice(equals + 1);
    parseValue(setting, text);
    return { name, byAlias, text, length: 1 };
  }
  if (setting.type === "boolean") {
    return { name, byAlias, text: "true", length: 1 };
  }
  if (next === undefined) {
    throw new FlagError(`flag needs an argument: -${written}`);
  }
  parseValue(setting, next);
  return { name, byAlias, text: next, length: 2 };
}
