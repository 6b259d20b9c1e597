/**
 * Writes docs/commands from the commands' own tables: `bun scripts/docs.ts`. A test fails when the
 * pages are not those that this script would write.
 */

import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import type { Command } from "../src/cli/command.ts";
import type { SingleCommand } from "../src/cli/command_table.ts";
import { COMMANDS } from "../src/cli/mod.ts";
import { type Setting, sortSettings } from "../src/config/mod.ts";
import { runScript } from "./run_script.ts";

const FOLDER = resolve(import.meta.dir, "..", "docs", "commands");

/** File name → content of every page in docs/commands. */
export async function renderPages(): Promise<Map<string, string>> {
  const pages = new Map<string, string>();
  const index: string[] = [];
  for (const entry of COMMANDS) {
    for (const single of entry.kind === "group" ? entry.commands : [entry]) {
      const command = await single.load();
      const file = `${command.name.replaceAll(" ", "_")}.md`;
      pages.set(file, renderPage(command, single));
      index.push(`| [\`acra ${command.name}\`](${file}) | ${single.about} |`);
    }
  }
  pages.set(
    "README.md",
    `# Commands\n\n${REMARK}\n\n| command | |\n|---|---|\n${index.join("\n")}\n\n${CONVENTIONS}`,
  );
  return pages;
}

const REMARK =
  "<!-- Made by `bun scripts/docs.ts` from the tables in src/cli; change those instead. -->";

const CONVENTIONS = `\`acra help COMMAND\` shows the same text. Flags may have one dash or two, \`-\` and \`_\` in their
names are equal, and a boolean takes its value with \`=\` only. Every setting can also stand in a YAML
file, \`configs/acra-COMMAND.yaml\` of the current folder or the one that \`--config_file\` names; the
command line wins over the file. \`--dump_config\` writes such a file.
`;

function renderPage(command: Command, { executable, aliases = [] }: SingleCommand): string {
  const names = [
    ...(executable === undefined ? [] : [`\`${executable}\` through a link of that name`]),
    ...aliases.map((alias) => `\`${alias}\` in place of its last word`),
  ];
  const examples = command.examples.map(({ about, line }) => `# ${about}\n${line}\n`).join("\n");
  return [
    `# acra ${command.name}\n\n${REMARK}\n`,
    `${command.about}\n`,
    ...(names.length === 0 ? [] : [`Also: ${names.join(", ")}.\n`]),
    ...(examples === "" ? [] : [`\`\`\`sh\n${examples}\`\`\`\n`]),
    `| flag | type | default | meaning |\n|---|---|---|---|`,
    ...sortSettings(command.settings).map(renderSetting),
    "",
  ].join("\n");
}

function renderSetting(setting: Setting): string {
  const standard = setting.default === "" ? "" : `\`${setting.default}\``;
  const names = [setting.name, ...(setting.aliases ?? [])].map((name) => `\`--${name}\``);
  const text = `${setting.help}${describeLimit(setting)}`.replaceAll("|", "\\|");
  return `| ${names.join(" ")} | ${setting.type} | ${standard} | ${text.replaceAll("<", "&lt;")} |`;
}

function describeLimit(setting: Setting): string {
  return setting.unavailable === undefined
    ? ""
    : `. *Not supported by this version yet: ${setting.unavailable}.*`;
}

const USAGE = `bun scripts/docs.ts

Writes docs/commands from the commands' own tables.`;

async function main(): Promise<void> {
  parseArgs({ options: {} });
  mkdirSync(FOLDER, { recursive: true });
  const pages = await renderPages();
  for (const name of readdirSync(FOLDER).filter((file) => file.endsWith(".md"))) {
    if (!pages.has(name)) {
      rmSync(join(FOLDER, name));
    }
  }
  for (const [name, text] of pages) {
    writeFileSync(join(FOLDER, name), text);
  }
  console.log(`wrote ${pages.size} pages to docs/commands`);
}

if (import.meta.main) {
  await runScript(USAGE, main);
}
