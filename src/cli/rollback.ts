/** `acra rollback`: flags, order of checks and output of the original (acra-cli.md §8.7). */

import { COMMON_SETTINGS, ConfigError, defineSettings, type SettingValues } from "../config/mod.ts";
import { type ClientId, FilesystemKeystore, readMasterKey } from "../keystore/mod.ts";
import {
  createClientOpener,
  createZoneOpener,
  formatEscapeLiteral,
  formatHexLiteral,
  type InsertStatement,
  parseInsertStatement,
  RollbackError,
  type RollbackPlan,
  type RollbackSummary,
  type RowOpener,
  rollBack,
} from "../rollback/mod.ts";
import { type CommandContext, defineCommand } from "./command.ts";
import { readConnectionString } from "./connection_string.ts";
import { parseClientId } from "./key_input.ts";
import { ProgressLine } from "./progress_line.ts";

/** Keys of zones that are kept at a time. */
const CACHED_KEYS = 1000;
/** Skipped rows that are named one by one; the rest is counted. */
const NAMED_ROWS = 1000;

const ROLLBACK_SETTINGS = defineSettings([
  ...COMMON_SETTINGS,
  {
    name: "client_id",
    type: "string",
    default: "",
    help: "Client whose storage key opens the rows; has to be valid with zones too",
  },
  {
    name: "connection_string",
    type: "string",
    default: "",
    help: "Database to read, and to insert into: postgres://USER:PASSWORD@HOST:PORT/DATABASE, or host=… port=… user=… dbname=…; a password left out is taken from PGPASSWORD",
  },
  {
    name: "escape",
    type: "boolean",
    default: false,
    help: "Write literals in the escape form in place of hexadecimal",
  },
  {
    name: "execute",
    type: "boolean",
    default: false,
    help: "Run each insert as well, all in one transaction",
  },
  {
    name: "insert",
    type: "string",
    default: "",
    help: "Insert for each row, with $1 for the plaintext; end it with a semicolon",
  },
  {
    name: "keys_dir",
    type: "string",
    default: ".acrakeys",
    help: "Folder of the server's keys",
    isPath: true,
  },
  {
    name: "mysql_enable",
    type: "boolean",
    default: false,
    help: "The database is MySQL; not in this version yet",
  },
  {
    name: "output_file",
    type: "string",
    default: "decrypted.sql",
    help: "File for the inserts, emptied at the start; empty for none",
    isPath: true,
  },
  {
    name: "postgresql_enable",
    type: "boolean",
    default: false,
    help: "The database is PostgreSQL",
  },
  {
    name: "select",
    type: "string",
    default: "",
    help: "Query that gives one column, the AcraStruct; with zones two, the zone id and the AcraStruct",
  },
  {
    name: "zonemode_enable",
    type: "boolean",
    default: false,
    help: "Open rows with the keys of their zones",
  },
]);

type RollbackValues = SettingValues<typeof ROLLBACK_SETTINGS>;

export const rollbackCommand = defineCommand({
  name: "rollback",
  service: "acra-rollback",
  kind: "tool",
  about:
    "Decrypts the rows of a table back: reads them with a select, opens the AcraStruct in each, and writes an " +
    "insert with the plaintext to a file, or runs it. Rows that cannot be opened are named and skipped, and the " +
    "exit status is 1 then. The file holds plaintext: it is readable for its owner only.",
  examples: [
    {
      about: "Write the plaintext of a table as inserts into another",
      line: 'acra rollback --postgresql_enable --client_id=testclientid --keys_dir=.acrakeys/acra-server --connection_string="host=127.0.0.1 user=test dbname=acra sslmode=disable" --select="SELECT data FROM protected ORDER BY id" --insert=\'INSERT INTO plain (data) VALUES ($1);\' --output_file=plain.sql',
    },
    {
      about: "Run the inserts at once, with zones, and write no file",
      line: 'acra rollback --postgresql_enable --client_id=testclientid --keys_dir=.acrakeys/acra-server --zonemode_enable --connection_string="$DATABASE_URL" --select="SELECT zone, data FROM protected" --insert=\'INSERT INTO plain (data) VALUES ($1);\' --execute --output_file=',
    },
  ],
  settings: ROLLBACK_SETTINGS,
  run: runRollback,
});

async function runRollback(context: CommandContext, values: RollbackValues): Promise<number> {
  const plan = checkPlan(context, values);
  warnOfSurprises(context, plan);
  const progress = new ProgressLine(context.stderr);
  let named = 0;
  try {
    const summary = await rollBack(plan, {
      onSkipped(row, error) {
        if (++named > NAMED_ROWS) {
          return;
        }
        progress.clear();
        context.log.error(`Can't decrypt acrastruct in row with number ${row}`, { error });
        if (named === NAMED_ROWS) {
          context.log.warning("Further rows that are skipped are counted only");
        }
      },
      onProgress: (done) => progress.show(describe(done)),
    });
    progress.clear();
    return report(context, summary);
  } catch (error) {
    progress.clear();
    throw asFailure(context, plan, error);
  }
}

/** The checks in the order of the original. */
function checkPlan({ env, log }: CommandContext, values: RollbackValues): RollbackPlan {
  checkDatabase(values);
  const insert = checkInsert(values.insert);
  const clientId = parseClientId(values.client_id);
  const { connection_string: text } = values;
  demand("connection_string", text, "name the database, as in --connection_string=postgres://…");
  const connection = readConnectionString(text, env);
  demand("select", values.select, "name the query, as in --select='SELECT data FROM protected'");
  if (values.output_file === "" && !values.execute) {
    throw new ConfigError(
      "Output_file missing or execute flag",
      "name a file with --output_file, or run the inserts with --execute",
    );
  }
  const keystore = new FilesystemKeystore({
    folder: values.keys_dir,
    masterKey: readMasterKey(env),
    cacheSize: CACHED_KEYS,
    log,
  });
  return {
    connection,
    select: values.select,
    insert,
    opener: values.zonemode_enable
      ? createZoneOpener(keystore)
      : createOpener(keystore, clientId, values.keys_dir),
    formatLiteral: values.escape ? formatEscapeLiteral : formatHexLiteral,
    outputFile: values.output_file === "" ? null : values.output_file,
    execute: values.execute,
  };
}

function checkDatabase(values: RollbackValues): void {
  if (values.mysql_enable === values.postgresql_enable) {
    throw new ConfigError(
      "You must pass only --mysql_enable or --postgresql_enable (one required)",
      "name the kind of the database",
    );
  }
  if (values.mysql_enable) {
    throw new ConfigError(
      "--mysql_enable: MySQL is not supported by this version yet",
      "only --postgresql_enable works so far",
    );
  }
}

function checkInsert(text: string): InsertStatement {
  const insert = parseInsertStatement(text);
  if (insert === null) {
    throw new ConfigError(
      "SQL INSERT statement doesn't contain any placeholders",
      "write $1 where the plaintext goes, in single quotes for the shell: --insert='INSERT INTO plain VALUES ($1);'",
    );
  }
  return insert;
}

function createOpener(keystore: FilesystemKeystore, clientId: ClientId, folder: string): RowOpener {
  const key = keystore.findStorageKey(clientId);
  if (key === null) {
    throw new ConfigError(
      `No storage key of "${clientId}" in ${folder}: no row could be opened`,
      "name the client with --client_id and the server's key folder with --keys_dir",
    );
  }
  return createClientOpener(key);
}

function demand(name: string, value: string, hint: string): void {
  if (value === "") {
    throw new ConfigError(`--${name} is missing`, hint);
  }
}

/** What the original does silently and what spoils a file of statements. */
function warnOfSurprises({ log }: CommandContext, { insert, outputFile }: RollbackPlan): void {
  if (outputFile !== null && insert.placeholders > 1) {
    log.warning("The insert has $1 more than once: only the first one is replaced in the file");
  }
  if (outputFile !== null && !/;\s*$/.test(insert.text)) {
    log.warning("The insert does not end with a semicolon: psql will not run the file as it is");
  }
}

function report({ log }: CommandContext, summary: RollbackSummary): number {
  if (summary.skipped === 0) {
    log.info(describe(summary));
    return 0;
  }
  log.error(`${describe(summary)}: the result is not complete`);
  return 1;
}

function describe({ decrypted, skipped }: RollbackSummary): string {
  return `Rows decrypted: ${decrypted}, skipped: ${skipped}`;
}

/** Failures on the way stand on stdout too, as in 0.82. */
function asFailure({ stdout }: CommandContext, plan: RollbackPlan, error: unknown): unknown {
  if (!(error instanceof RollbackError)) {
    return error;
  }
  const { message, reason, hint } = error;
  stdout.write(`${message} (error message - ${reason})\n`);
  const rest = plan.outputFile === null ? "" : `; ${plan.outputFile} is not complete`;
  return new ConfigError(`${message}: ${reason}${rest}`, hint, { cause: error });
}
