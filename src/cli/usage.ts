/** Help: the list of flags as the original prints it, and around it what a newcomer needs. */

import { type Setting, type SettingsTable, sortSettings } from "../config/mod.ts";
import type { Command } from "./command.ts";
import { type CommandEntry, type CommandGroup, SECTIONS, type TopEntry } from "./command_table.ts";

/** The flags of a command in the layout of acra-cli.md §2.2. */
export function formatFlags(table: SettingsTable): string {
  return sortSettings(table).map(formatFlag).join("");
}

function formatFlag(setting: Setting): string {
  const dashes = setting.name.length <= 2 ? "-" : "--";
  const gap = setting.name.length === 1 ? "\t" : "\n    \t";
  return `  ${dashes}${setting.name}${gap}${describeSetting(setting)}\n`;
}

/** The help line of a setting with its default, and whether it works yet. */
export function describeSetting(setting: Setting): string {
  return `${setting.help}${formatDefault(setting)}${formatLimit(setting)}`;
}

function formatDefault(setting: Setting): string {
  if (setting.type === "string") {
    return setting.default === "" ? "" : ` (default "${setting.default}")`;
  }
  const text = String(setting.default);
  return text === "0" || text === "false" ? "" : ` (default ${text})`;
}

function formatLimit(setting: Setting): string {
  if (setting.unavailable === undefined) {
    return "";
  }
  const isPart = setting.type === "string" && setting.isUnavailable !== undefined;
  return isPart ? ` [not yet: ${setting.unavailable}]` : " [not supported yet]";
}

/** Makes headings bold where the reader has a terminal and wants it. */
export type Heading = (text: string) => string;

type Environment = Readonly<Record<string, string | undefined>>;

/** Whether an output takes colours: a terminal, unless NO_COLOR is set. */
export function takesColours(output: { readonly isTTY: boolean }, env: Environment): boolean {
  return output.isTTY && (env["NO_COLOR"] ?? "") === "" && env["TERM"] !== "dumb";
}

/** Headings for an output: bold where it takes that. */
export function headingFor(output: { readonly isTTY: boolean }, env: Environment): Heading {
  return takesColours(output, env) ? (text) => `\x1b[1m${text}\x1b[22m` : (text) => text;
}

/** Everything about one command. */
export function formatCommandHelp(command: Command, heading: Heading): string {
  const examples = command.examples
    .map(({ about, line }) => `  # ${about}\n  ${line}\n`)
    .join("\n");
  const operands = command.operands === undefined ? "" : ` ${command.operands.usage}`;
  return [
    `${heading("Usage:")} acra ${command.name}${operands} [flags]\n`,
    wrap(command.about),
    ...(examples === "" ? [] : [`${heading("Examples:")}\n${examples}`]),
    `${heading("Flags:")}\n${formatFlags(command.settings)}`,
  ].join("\n");
}

const LINE_WIDTH = 98;

function wrap(text: string): string {
  let wrapped = "";
  let column = 0;
  for (const word of text.split(/\s+/)) {
    const fits = column + 1 + word.length <= LINE_WIDTH;
    wrapped += column === 0 ? word : `${fits ? " " : "\n"}${word}`;
    column = column > 0 && fits ? column + 1 + word.length : word.length;
  }
  return `${wrapped}\n`;
}

/** What a newcomer types first, once there is a master key; the last needs two lines. */
export const FIRST_STEPS: readonly string[] = [
  "acra keys layout --client_id=webshop",
  "acra server --keys_dir=.acrakeys/acra-server --db_host=127.0.0.1",
  "acra connector --keys_dir=.acrakeys/acra-connector --client_id=webshop \\\n" +
    "               --acraserver_connection_host=127.0.0.1",
];

/** The line before them. */
export const MAKE_MASTER_KEY = "ACRA_MASTER_KEY=$(head -c 32 /dev/urandom | base64)";

/** What a newcomer sees first: one screen. */
export function formatOverview(entries: readonly TopEntry[], heading: Heading): string {
  const width = widthOf(entries);
  const sections = SECTIONS.map((section) => {
    const own = entries.filter((entry) => entry.section === section);
    return `${heading(`${section}:`)}\n${formatEntries(own, width)}`;
  });
  return `${heading("Usage:")} acra COMMAND [flags]

acra stands between applications and PostgreSQL. They write values sealed with a
public key, so the database holds nothing a thief could read; on the way back
acra opens them, for applications that come over an authenticated connection.

${heading("First steps")}, with ${MAKE_MASTER_KEY} exported:
${FIRST_STEPS.join("\n").replace(/^/gm, "  ")}

${sections.join("\n")}
"acra help COMMAND" explains one, with examples. "acra doctor" finds mistakes.
A link named acra-server, or like another original program, is that command.
Read on: docs/quickstart.md, docs/tutorial.md, docs/troubleshooting.md
`;
}

/** The list of commands of a group. */
export function formatGroupHelp(group: CommandGroup, heading: Heading): string {
  return `${heading("Usage:")} acra ${group.name} COMMAND [flags]

${group.about}.

${heading("Commands:")}
${formatEntries(group.commands, widthOf(group.commands))}
"acra help ${group.name} COMMAND" explains one.
`;
}

function widthOf(entries: readonly CommandEntry[]): number {
  return Math.max(...entries.map(({ name }) => name.length));
}

function formatEntries(entries: readonly CommandEntry[], width: number): string {
  return entries.map(({ name, about }) => `  ${name.padEnd(width)}  ${about}\n`).join("");
}
