/**
 * Other settings for a server that runs: on SIGHUP those of the file, after `/setConfig` those that it
 * names (acra-cli.md §7.3, §10.2). What is wrong is refused while the old settings go on.
 */

import {
  ConfigError,
  codeOf,
  FlagError,
  formatDump,
  type SettingValues,
  type StagedDump,
  stageDump,
} from "../config/mod.ts";
import { EVENT, type LevelledLogger } from "../log/mod.ts";
import type { ServerOptions } from "../server/mod.ts";
import type { CommandContext, RereadSettings } from "./command.ts";
import { endStartUp, listenFailure } from "./daemon.ts";
import { describeFailure } from "./failure.ts";
import type { ChangeConfig } from "./server_api.ts";
import { SERVER_SETTINGS } from "./server_settings.ts";

type Table = typeof SERVER_SETTINGS;
type ServerContext = CommandContext<Table>;
type ServerValues = SettingValues<Table>;

/**
 * From settings to what a server runs with.
 * @throws ConfigError and KeystoreError for what would end a start.
 */
export type PrepareServer = (
  context: ServerContext,
  values: ServerValues,
  changeConfig: ChangeConfig,
) => ServerOptions;

/** What other settings are for. */
interface Reconfigurable {
  /** @throws Error when it cannot listen; the old settings hold then. */
  reconfigure(options: ServerOptions, values: ServerValues): Promise<void>;
}

/** Settings that are only looked at when the process starts. */
const START_ONLY = ["logging_format", "prometheus_metrics_address", "workers"] as const;

/** Makes other settings hold, one change after the other. */
export class ServerReload {
  /** For the HTTP API. */
  readonly changeConfig: ChangeConfig;
  readonly #prepare: PrepareServer;
  readonly #log: LevelledLogger;
  #context: ServerContext;
  #values: ServerValues;
  #server: Reconfigurable | null = null;
  #last: Promise<void> = Promise.resolve();

  constructor(context: ServerContext, values: ServerValues, prepare: PrepareServer) {
    this.#context = context;
    this.#values = values;
    this.#prepare = prepare;
    this.#log = context.log;
    this.changeConfig = (change) => {
      const { debug, ...rest } = change;
      const named = Object.entries({ ...rest, d: debug }).filter(
        ([, value]) => value !== undefined,
      );
      return this.#inTurn(() => this.#store(Object.fromEntries(named)));
    };
  }

  /** Prepares the server's first settings. */
  prepareFirst(): ServerOptions {
    return this.#prepare(this.#context, this.#values, this.changeConfig);
  }

  /** The settings in force. */
  get values(): ServerValues {
    return this.#values;
  }

  /** Names the server that changes are for. */
  attach(server: Reconfigurable): void {
    this.#server = server;
  }

  /** Reads the file again; never rejects. */
  reload(): Promise<void> {
    return this.#inTurn(() => this.#apply()).catch((error: unknown) => {
      this.#log.error("Can't use the new configuration, the old one stays in force", {
        code: EVENT.argumentsUnreadable,
        error: messageOf(error),
      });
    });
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => {});
    return turn;
  }

  /** Tries the changed settings first, and writes the file only when they hold. */
  async #store(change: Partial<ServerValues>): Promise<void> {
    const { configPath } = this.#context;
    const text = formatDump(SERVER_SETTINGS, { ...this.#values, ...change });
    let file: StagedDump | null = null;
    try {
      file = stage(configPath, text);
      const old = { context: this.#context, values: this.#values };
      await this.#apply(text);
      await this.#install(file, old);
    } catch (error) {
      throw refusal(error);
    } finally {
      file?.discard();
    }
  }

  async #install(file: StagedDump, old: RereadSettings<Table>): Promise<void> {
    try {
      file.install();
    } catch (error) {
      await this.#use(old);
      throw notWritten(old.context.configPath, error);
    }
  }

  async #apply(fileText?: string): Promise<void> {
    const level = this.#log.level;
    this.#log.level = level === "debug" ? "debug" : "info";
    this.#log.info("Received incoming SIGHUP signal");
    try {
      await this.#use(this.#context.reread(fileText));
    } catch (error) {
      this.#log.level = level;
      throw error;
    }
    this.#log.info(`acra-server process forked to PID: ${process.pid}`);
    endStartUp(this.#log, this.#values);
  }

  async #use({ context, values }: RereadSettings<Table>): Promise<void> {
    const options = this.#prepare(context, values, this.changeConfig);
    await this.#server?.reconfigure(options, values).catch((error: unknown) => {
      throw listenFailure(error);
    });
    for (const name of START_ONLY) {
      if (values[name] !== this.#values[name]) {
        this.#log.warning(`--${name} has changed: this takes effect at the next start`);
      }
    }
    this.#context = context;
    this.#values = values;
  }
}

function stage(path: string, text: string): StagedDump {
  try {
    return stageDump(path, text);
  } catch (error) {
    throw notWritten(path, error);
  }
}

function notWritten(path: string, error: unknown): ConfigError {
  return new ConfigError(
    `${path}: cannot be written (${codeOf(error)})`,
    "its folder has to be writable for the user that runs the server",
    { code: EVENT.configurationNotWritten, cause: error },
  );
}

/** Why a change does not hold, with the event code that fits. */
function refusal(error: unknown): ConfigError {
  const written = error instanceof ConfigError && error.code === EVENT.configurationNotWritten;
  return new ConfigError(messageOf(error), "name another value", {
    code: written ? error.code : EVENT.argumentsUnreadable,
    cause: error,
  });
}

function messageOf(error: unknown): string {
  return error instanceof FlagError ? error.message : describeFailure(error).message;
}
