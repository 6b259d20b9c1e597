/**
 * Writes the man pages from the commands' own tables: `bun scripts/man.ts [FOLDER]`, dist/man when none
 * is named. One page for `acra` and one for each command: acra-server(1), acra-keys-gen(1).
 */

import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import packageJson from "../package.json" with { type: "json" };
import type { Command } from "../src/cli/command.ts";
import { SECTIONS } from "../src/cli/command_table.ts";
import { COMMANDS } from "../src/cli/mod.ts";
import { FIRST_STEPS, MAKE_MASTER_KEY } from "../src/cli/usage.ts";
import { type Setting, sortSettings } from "../src/config/mod.ts";
import { readFolder, runScript } from "./run_script.ts";

/** File name → content of every page. */
export async function renderManPages(): Promise<Map<string, string>> {
  const pages = new Map<string, string>();
  for (const entry of COMMANDS) {
    for (const single of entry.kind === "group" ? entry.commands : [entry]) {
      const command = await single.load();
      pages.set(`${pageName(command.name)}.1`, renderCommand(command, single.about));
    }
  }
  pages.set("acra.1", renderOverview([...pages.keys()]));
  return pages;
}

function pageName(command: string): string {
  return `acra-${command.replaceAll(" ", "-")}`;
}

function renderCommand(command: Command, about: string): string {
  const { name, operands, settings, examples } = command;
  const words = operands === undefined ? "" : ` ${operands.usage}`;
  return page(pageName(name), about, [
    section("SYNOPSIS", [`.B acra ${escapeText(name)}`, `${escapeText(`[flags]${words}`)}`]),
    section("DESCRIPTION", [text(command.about)]),
    ...(settings.length === 0
      ? []
      : [section("OPTIONS", [OPTIONS, ...sortSettings(settings).map(renderOption)])]),
    ...(examples.length === 0
      ? []
      : [
          section(
            "EXAMPLES",
            examples.flatMap((each) => [".PP", text(`${each.about}:`), sample(each.line)]),
          ),
        ]),
    ENVIRONMENT,
    ...(hasFile(command) ? [filesOf(command.service)] : []),
    EXIT_STATUS,
    seeAlso(["acra"]),
  ]);
}

function hasFile({ settings }: Command): boolean {
  return settings.some(({ name }) => name === "config_file");
}

function renderOverview(files: readonly string[]): string {
  const commands = SECTIONS.flatMap((title) => [
    `.SS ${title}`,
    ...COMMANDS.filter((entry) => entry.section === title).flatMap((entry) =>
      (entry.kind === "group"
        ? entry.commands.map(({ name, about }) => ({ name: `${entry.name} ${name}`, about }))
        : [entry]
      ).flatMap(({ name, about }) => [".TP", `.B acra ${escapeText(name)}`, text(about)]),
    ),
  ]);
  return page("acra", "keep a database worthless to a thief", [
    section("SYNOPSIS", [".B acra", "COMMAND [flags]"]),
    section("DESCRIPTION", [
      text(
        "acra stands between applications and PostgreSQL. Applications write values sealed with a public key, so " +
          "the database holds nothing a thief could read. On the way back acra server opens them, for applications " +
          "that come over an authenticated connection.",
      ),
      ".PP",
      text(
        "Started through a link that bears the name of an original program, such as acra-server, it is that command.",
      ),
    ]),
    section("COMMANDS", commands),
    section("FIRST STEPS", [sample(`export ${MAKE_MASTER_KEY}`), ...FIRST_STEPS.map(sample)]),
    ENVIRONMENT,
    EXIT_STATUS,
    seeAlso(files.map((file) => file.replace(/\.1$/, ""))),
  ]);
}

function page(name: string, about: string, sections: readonly string[]): string {
  const lowered = `${about.slice(0, 1).toLowerCase()}${about.slice(1)}`;
  return [
    '.\\" Made by `bun scripts/man.ts` from the tables in src/cli.',
    `.TH ${name.toUpperCase()} 1 "" "acra ${packageJson.version}" "acra"`,
    section("NAME", [`${escapeText(name)} \\- ${escapeText(lowered)}`]),
    ...sections,
    "",
  ].join("\n");
}

function section(title: string, lines: readonly string[]): string {
  // A paragraph begins here by itself.
  const body = lines.join("\n").replace(/^\.PP\n/, "");
  return `.SH ${title}\n${body}`;
}

const OPTIONS = text(
  "Flags may have one dash or two, - and _ in their names are equal, and a boolean takes its value with = only.",
);

function renderOption(setting: Setting): string {
  const names = [setting.name, ...(setting.aliases ?? [])].map(
    (name) => `${name.length <= 2 ? "-" : "--"}${name}`,
  );
  const value = setting.type === "boolean" ? "" : `=\\fI${setting.type.toUpperCase()}\\fR`;
  const standard =
    setting.default === "" || setting.default === false
      ? ""
      : ` The default is ${setting.default}.`;
  const limit =
    setting.unavailable === undefined
      ? ""
      : ` Not supported by this version yet: ${setting.unavailable}.`;
  const help = text(`${setting.help}.${standard}${limit}`);
  return [".TP", names.map((name) => `\\fB${escapeText(name)}\\fR${value}`).join(", "), help].join(
    "\n",
  );
}

const ENVIRONMENT = section("ENVIRONMENT", [
  ".TP",
  ".B ACRA_MASTER_KEY",
  text("The key that encrypts private key files: 32 bytes or more in base64."),
  ".TP",
  ".B NO_COLOR",
  text("When set, nothing is printed in colours."),
]);

const EXIT_STATUS = section("EXIT STATUS", [
  text(
    "0: done. 1: it could not be done, or something was found; the reason is one line of error and one of hint. " +
      "2: the command line cannot be understood.",
  ),
]);

function filesOf(service: string): string {
  return section("FILES", [
    ".TP",
    `.I configs/${escapeText(service)}.yaml`,
    text("Settings, read from the current folder unless --config_file names another file."),
  ]);
}

function seeAlso(pages: readonly string[]): string {
  const words = pages.map((name) => `.BR ${escapeText(name)} (1)`);
  return section(
    "SEE ALSO",
    words.map((word, at) => (at < words.length - 1 ? `${word},` : word)),
  );
}

/** A line to type, as it is. */
function sample(line: string): string {
  return [".PP", ".RS 4", ".nf", text(line), ".fi", ".RE"].join("\n");
}

/** A line of running text: never taken for a request. */
function text(line: string): string {
  const escaped = escapeText(line);
  return /^[.']/.test(escaped) ? `\\&${escaped}` : escaped;
}

function escapeText(line: string): string {
  return line
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replaceAll("…", "\\&...")
    .replaceAll("'", "\\(aq");
}

const USAGE = `bun scripts/man.ts [FOLDER]

Writes the man pages from the commands' own tables, to dist/man when no folder is named.`;

async function main(): Promise<void> {
  const folder = resolve(readFolder(join(import.meta.dir, "..", "dist", "man")));
  mkdirSync(folder, { recursive: true });
  const pages = await renderManPages();
  for (const [name, content] of pages) {
    writeFileSync(join(folder, name), content);
  }
  console.log(`wrote ${pages.size} man pages to ${folder}`);
}

if (import.meta.main) {
  await runScript(USAGE, main);
}
