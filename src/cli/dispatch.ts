/** Which command was meant: by the name of the executable or by the first words (acra-cli.md §1.2). */

import { runCommand as runCittyCommand, type SubCommandsDef } from "citty";
import type { CommandEntry, CommandGroup, SingleCommand } from "./command_table.ts";
import { COMMANDS } from "./commands.ts";
import { toLine } from "./failure.ts";
import { type CliProcess, runCommandWith } from "./run_command.ts";
import { formatCommandHelp, formatGroupHelp, formatOverview, headingFor } from "./usage.ts";

/** How the program was started. */
export interface Invocation extends CliProcess {
  /** The name it was started under, with or without folders. */
  readonly argv0: string;
  readonly args: readonly string[];
}

const HELP_WORDS = new Set(["help", "-h", "-help", "--help"]);
const VERSION_WORDS = new Set(["version", "-version", "--version"]);

/** Runs the command that was meant; the promise gives the exit code. */
export async function runCli(invocation: Invocation): Promise<number> {
  const { argv0, args } = invocation;
  const executable = argv0.slice(argv0.lastIndexOf("/") + 1);
  for (const entry of COMMANDS) {
    if (entry.kind === "command" && entry.executable === executable) {
      return await runEntry([entry.name], args, invocation);
    }
  }
  const [word] = args;
  if (word === undefined) {
    invocation.stderr.write(
      formatOverview(COMMANDS, headingFor(invocation.stderr, invocation.env)),
    );
    return 2;
  }
  if (HELP_WORDS.has(word)) {
    return await explain(args.slice(1), invocation);
  }
  if (VERSION_WORDS.has(word)) {
    invocation.stdout.write(`${invocation.version}\n`);
    return 0;
  }
  const entry = findEntry(COMMANDS, word);
  if (entry === null) {
    return refuse(word, "acra help", invocation);
  }
  return entry.kind === "command"
    ? await runEntry([entry.name], args.slice(1), invocation)
    : await runGroup(entry, args.slice(1), invocation);
}

async function runGroup(
  group: CommandGroup,
  args: readonly string[],
  invocation: Invocation,
): Promise<number> {
  const [word] = args;
  if (word === undefined || HELP_WORDS.has(word)) {
    const output = word === undefined ? invocation.stderr : invocation.stdout;
    output.write(formatGroupHelp(group, headingFor(output, invocation.env)));
    return word === undefined ? 2 : 0;
  }
  const entry = findEntry(group.commands, word);
  if (entry === null) {
    return refuse(`${group.name} ${word}`, `acra help ${group.name}`, invocation);
  }
  return await runEntry([group.name, entry.name], args.slice(1), invocation);
}

function findEntry<Entry extends CommandEntry>(
  entries: readonly Entry[],
  word: string,
): Entry | null {
  const isMeant = (entry: Entry) =>
    entry.name === word || (entry.kind === "command" && entry.aliases?.includes(word) === true);
  return entries.find(isMeant) ?? null;
}

function refuse(written: string, help: string, { stderr, env }: Invocation): number {
  stderr.write(`error: there is no command ${toLine(written)}\nhint: see \`${help}\`\n\n`);
  stderr.write(formatOverview(COMMANDS, headingFor(stderr, env)));
  return 2;
}

/** `acra help [COMMAND]`: on stdout. */
async function explain(words: readonly string[], invocation: Invocation): Promise<number> {
  const { stdout, env } = invocation;
  const heading = headingFor(stdout, env);
  const [word, second] = words;
  if (word === undefined || HELP_WORDS.has(word) || VERSION_WORDS.has(word)) {
    stdout.write(formatOverview(COMMANDS, heading));
    return 0;
  }
  const entry = findEntry(COMMANDS, word);
  if (entry?.kind === "group" && second === undefined) {
    stdout.write(formatGroupHelp(entry, heading));
    return 0;
  }
  const single = entry?.kind === "group" ? findEntry(entry.commands, second ?? "") : entry;
  if (single === null || single.kind !== "command") {
    return refuse(words.join(" "), "acra help", invocation);
  }
  stdout.write(formatCommandHelp(await single.load(), heading));
  return 0;
}

/**
 * Lets citty find and load the command. It sees the command's words only: flags follow Go's rules,
 * which it does not know (acra-cli.md §2).
 */
async function runEntry(
  path: readonly string[],
  args: readonly string[],
  cli: CliProcess,
): Promise<number> {
  let exitCode = 2;
  const run = async (entry: SingleCommand): Promise<void> => {
    exitCode = await runCommandWith(await entry.load(), args, cli);
  };
  const root = { meta: { name: "acra" }, subCommands: toSubCommands(COMMANDS, run) };
  await runCittyCommand(root, { rawArgs: [...path] });
  return exitCode;
}

function toSubCommands(
  entries: readonly CommandEntry[],
  run: (entry: SingleCommand) => Promise<void>,
): SubCommandsDef {
  const subCommands: SubCommandsDef = {};
  for (const entry of entries) {
    const meta = { name: entry.name, description: entry.about };
    subCommands[entry.name] =
      entry.kind === "command"
        ? { meta, run: () => run(entry) }
        : { meta, subCommands: toSubCommands(entry.commands, run) };
  }
  return subCommands;
}
