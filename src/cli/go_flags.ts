/** Arguments with the rules of Go's flag package, which the original used (acra-cli.md §2). */

import { FlagError, findSetting, parseValue, type SettingsTable } from "../config/mod.ts";
import type { Operands } from "./command.ts";

/** What the arguments of a command say. */
export interface Flags {
  /** Setting name → text; of a flag given twice the last, of an alias and its old name the alias. */
  readonly values: ReadonlyMap<string, string>;
  /** What stands behind the flags and is ignored. */
  readonly ignored: readonly string[];
  /** What is no flag, for commands that take such arguments. */
  readonly operands: readonly string[];
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
 * Reads flags from left to right. The first argument that is none ends them, unless the command takes
 * operands: then it is one, and flags may follow.
 * @throws FlagError with the sentence of the original.
 */
export function parseFlags(
  args: readonly string[],
  table: SettingsTable,
  takes: Operands | null = null,
): Flags {
  const given = new GivenFlags();
  const { values } = given;
  const operands: string[] = [];
  let at = 0;
  for (;;) {
    const end = readRun(args, at, table, given);
    if (end === "help") {
      return { values, ignored: [], operands: [], help: true };
    }
    at = end;
    const argument = args[at];
    if (takes === null || argument === undefined || argument === TERMINATOR) {
      break;
    }
    operands.push(argument);
    at += 1;
  }
  const rest = args.slice(args[at] === TERMINATOR ? at + 1 : at);
  if (takes === null) {
    return { values, ignored: rest, operands, help: false };
  }
  operands.push(...rest);
  checkOperands(operands, takes);
  return { values, ignored: [], operands, help: false };
}

/** Ends the flags and is dropped. */
const TERMINATOR = "--";

/** The flags that were read so far; of an alias and its old name the alias counts. */
class GivenFlags {
  readonly values = new Map<string, string>();
  readonly #byAlias = new Set<string>();

  add({ name, byAlias, text }: ReadFlag): void {
    if (byAlias || !this.#byAlias.has(name)) {
      this.values.set(name, text);
    }
    if (byAlias) {
      this.#byAlias.add(name);
    }
  }
}

/** Reads flags one after the other; answers where something else stands. */
function readRun(
  args: readonly string[],
  start: number,
  table: SettingsTable,
  given: GivenFlags,
): number | "help" {
  let at = start;
  while (at < args.length) {
    const argument = args[at] ?? "";
    if (argument.length < 2 || !argument.startsWith("-") || argument === TERMINATOR) {
      break;
    }
    const flag = readFlag(argument, args[at + 1], table);
    if (flag === "help") {
      return "help";
    }
    given.add(flag);
    at += flag.length;
  }
  return at;
}

function checkOperands(operands: readonly string[], takes: Operands): void {
  if (operands.length < takes.minimum) {
    throw new FlagError(`argument missing: ${takes.usage}`);
  }
  if (operands.length > takes.maximum) {
    throw new FlagError(`too many arguments: ${operands.slice(takes.maximum).join(" ")}`);
  }
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
