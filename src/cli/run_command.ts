/** One command from its arguments to its exit code: flags, configuration file, log, work. */

import {
  ConfigError,
  checkSettings,
  codeOf,
  FlagError,
  formatDump,
  inspectSettings,
  type ResolvedSettings,
  resolveSettings,
  type SettingsComplaint,
  writeDump,
} from "../config/mod.ts";
import { createLog, type LevelledLogger, type LogStream, quoteText } from "../log/mod.ts";
import type { Thread } from "../workers/mod.ts";
import type { Command, CommandContext, RereadSettings, TextOutput } from "./command.ts";
import { reportFailure, toLine } from "./failure.ts";
import { type Flags, parseFlags } from "./go_flags.ts";
import type { TextInput } from "./text_input.ts";
import { formatCommandHelp, formatFlags, headingFor } from "./usage.ts";
import { releaseOf } from "./version.ts";

/** The process around a command. */
export interface CliProcess {
  readonly stdin: TextInput;
  readonly stdout: TextOutput;
  readonly stderr: TextOutput & LogStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly version: string;
  /** Begins a thread of the program. */
  readonly startThread: () => Thread;
}

/** Runs a command with the arguments that follow its name; gives the exit code. */
export async function runCommandWith(
  command: Command,
  args: readonly string[],
  cli: CliProcess,
): Promise<number> {
  let log: LevelledLogger | null = null;
  try {
    const flags = parseFlags(args, command.settings, command.operands ?? null);
    if (flags.help) {
      cli.stderr.write(formatCommandHelp(command, headingFor(cli.stderr, cli.env)));
      return 0;
    }
    log = openLog(command, flags.values.get("logging_format") ?? "", cli);
    const inputOf = (fileText?: string) => ({
      table: command.settings,
      service: command.service,
      flags: flags.values,
      home: cli.env["HOME"],
      fileText,
    });
    const resolve = (fileText?: string) => resolveSettings(inputOf(fileText));
    const gathers = command.gathersComplaints === true;
    const { settings, complaints } = gathers
      ? inspectSettings(inputOf())
      : { settings: resolve(), complaints: [] };
    log = openLog(command, String(settings.values["logging_format"] ?? ""), cli);
    if (command.kind === "daemon") {
      log.info(`Starting service ${command.service}`);
    }
    writeNotes(log, flags, gathers ? [] : settings.notes);
    if (settings.values["dump_config"] === true && !gathers) {
      return dumpConfig(command, settings, cli, log);
    }
    const { operands } = flags;
    return await checkAndRun({ command, settings, complaints, resolve, cli, log, operands });
  } catch (error) {
    if (error instanceof FlagError) {
      cli.stderr.write(`${toLine(error.message)}\n${formatFlags(command.settings)}`);
      return 2;
    }
    return reportFailure(error, command.kind, cli.stderr, log);
  }
}

function openLog(command: Command, format: string, cli: CliProcess): LevelledLogger {
  return createLog({
    product: command.service,
    version: releaseOf(cli.version),
    kind: command.kind,
    stream: cli.stderr,
    format,
    colours: cli.stderr.isTTY && (cli.env["NO_COLOR"] ?? "") === "",
    level: command.logLevel ?? "info",
  });
}

function writeNotes(log: LevelledLogger, flags: Flags, notes: ResolvedSettings["notes"]): void {
  for (const { level, message } of notes) {
    log[level](message);
  }
  if (flags.ignored.length > 0) {
    log.warning(`Ignored arguments: ${flags.ignored.map(quoteText).join(" ")}`);
  }
}

/** What a command is run with. */
interface Run {
  readonly command: Command;
  readonly settings: ResolvedSettings;
  readonly complaints: readonly SettingsComplaint[];
  /** Reads the settings again, with the given text in place of the file's. */
  readonly resolve: (fileText?: string) => ResolvedSettings;
  readonly cli: CliProcess;
  readonly log: LevelledLogger;
  readonly operands: readonly string[];
}

async function checkAndRun(run: Run): Promise<number> {
  const { values, context } = checkAndMakeContext(run);
  return await run.command.run(context, values);
}

function checkAndMakeContext(run: Run): RereadSettings {
  const { command, settings, complaints, resolve, cli, log, operands } = run;
  checkSettings(command.settings, settings);
  const context: CommandContext = {
    stdin: cli.stdin,
    stdout: cli.stdout,
    stderr: cli.stderr,
    env: cli.env,
    log,
    startThread: cli.startThread,
    operands,
    given: settings.given,
    configPath: settings.configPath,
    complaints,
    reread: (fileText) => {
      const again = resolve(fileText);
      for (const { level, message } of again.notes) {
        log[level](message);
      }
      return checkAndMakeContext({ ...run, settings: again });
    },
  };
  return { context, values: settings.values };
}

/**
 * Writes the defaults to the file, and to stdout when it is redirected (B-3 of acra-cli.md §15).
 * @throws ConfigError when neither took them.
 */
function dumpConfig(
  command: Command,
  settings: ResolvedSettings,
  cli: CliProcess,
  log: LevelledLogger,
): number {
  const text = formatDump(command.settings);
  const path = settings.configPath;
  if (!cli.stdout.isTTY) {
    cli.stdout.write(text);
  }
  try {
    writeDump(path, text);
    log.info(`Config dumped to ${path}`);
  } catch (error) {
    if (cli.stdout.isTTY) {
      throw new ConfigError(
        `${path}: cannot be written (${codeOf(error)})`,
        "name another file with --config_file, or redirect the output",
        { cause: error },
      );
    }
    log.warning(`Config not dumped to ${path}: ${codeOf(error)}`);
  }
  return 0;
}
