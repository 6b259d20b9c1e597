/**
 * The database of a rollback: one connection that reads rows a few at a time, and one that inserts
 * within a single transaction.
 */

import {
  type ConnectionSettings,
  DatabaseConnection,
  describeCause,
  type Statements,
} from "../db_client/mod.ts";
import { decodeByteaEscape, decodeByteaHex } from "../wire/postgres/mod.ts";
import { RollbackError } from "./rollback_error.ts";
import type { Cell } from "./row_opener.ts";

// Specification: number of the type in PostgreSQL.
const BYTEA = 17;

/** Rows that are in memory at a time; values may be large. */
const BATCH_ROWS = 32;
const CLOSE_TIMEOUT_SECONDS = 2;
/** As the database lists us. */
const APPLICATION = "acra-rollback";

/** Inserts one batch of plaintexts. */
export type InsertBatch = (plaintexts: readonly Uint8Array[]) => Promise<void>;

/** A database that was reached. */
export class Database {
  readonly #settings: ConnectionSettings;
  readonly #connection: DatabaseConnection;

  private constructor(settings: ConnectionSettings, connection: DatabaseConnection) {
    this.#settings = settings;
    this.#connection = connection;
  }

  /** @throws RollbackError when the database cannot be reached or refuses. */
  static async open(settings: ConnectionSettings): Promise<Database> {
    let connection: DatabaseConnection | null = null;
    try {
      connection = new DatabaseConnection(settings, APPLICATION);
      await connection.unsafe("SELECT 1");
      return new Database(settings, connection);
    } catch (cause) {
      await connection?.end(0);
      throw new RollbackError(
        `Can't connect to the database on ${settings.host}:${settings.port}`,
        describeCause(cause),
        settings.sslMode === "disable"
          ? "look at --connection_string, and whether the database is up"
          : `look at --connection_string; sslmode is ${settings.sslMode}, a database without TLS needs sslmode=disable`,
        { cause },
      );
    }
  }

  /**
   * Runs a select as it is and hands out its rows, a batch at a time: the next is asked for when the
   * promise of the last has resolved.
   * @throws RollbackError when the select fails or has other columns; and what `take` throws.
   */
  async read(
    select: string,
    columns: readonly string[],
    take: (rows: readonly (readonly Cell[])[]) => Promise<void>,
  ): Promise<void> {
    let taken = Promise.resolve();
    let decoders: readonly Decoder[] | null = null;
    let last: readonly Cell[][] | null = null;
    // The driver waits for a promise that comes back, save behind the last rows; its types know of none.
    const deliver = (rows: readonly Cell[][]): unknown => {
      decoders ??= decodersOf(rows, columns);
      last = rows;
      const decode = decoders;
      taken = take(rows.map((row) => row.map((cell, at) => decodeCell(cell, decode[at]))));
      taken.catch(() => {});
      return taken;
    };
    try {
      const result = await this.#connection.unsafe(select).raw().cursor(BATCH_ROWS, deliver);
      if (last !== result) {
        // No rows at all, or those of a CALL or SHOW: the driver hands them out at the end only.
        deliver(result);
      }
      await taken;
    } catch (cause) {
      // What was begun goes on in its own time: nothing may use the file after it was closed.
      await taken.catch(() => {});
      throw cause instanceof RollbackError ? cause : cannotSelect(cause);
    }
  }

  /**
   * Runs `work` within one transaction, which lasts only when `work` succeeds.
   * @throws RollbackError when the database refuses; and what `work` throws.
   */
  async insertWithin(insert: string, work: (insert: InsertBatch) => Promise<void>): Promise<void> {
    const connection = new DatabaseConnection(this.#settings, APPLICATION);
    try {
      await connection.within("READ WRITE", async (transaction) => {
        await work(await prepareInsert(transaction, insert));
      });
    } catch (cause) {
      throw cause instanceof RollbackError ? cause : cannotInsert(cause);
    } finally {
      await connection.end(CLOSE_TIMEOUT_SECONDS);
    }
  }

  async close(): Promise<void> {
    await this.#connection.end(0);
  }
}

type Decoder = (cell: Uint8Array) => Uint8Array;

/** How the text of each column becomes bytes: `bytea` in either output form, all else as it is. */
function decodersOf(rows: object, columns: readonly string[]): readonly Decoder[] {
  const types = typesOf(rows);
  if (types.length !== columns.length) {
    throw new RollbackError(
      "The select has the wrong number of columns",
      `it has ${types.length} in place of ${columns.length}`,
      `it has to give: ${columns.join(", ")}`,
    );
  }
  return types.map((type) => (type === BYTEA ? decodeBytea : (cell) => cell));
}

function typesOf(rows: object): readonly unknown[] {
  const columns: unknown = "columns" in rows ? rows.columns : null;
  return Array.isArray(columns) ? columns.map((column) => column.type) : [];
}

function decodeBytea(cell: Uint8Array): Uint8Array {
  return decodeByteaHex(cell) ?? decodeByteaEscape(cell) ?? cell;
}

function decodeCell(cell: Cell, decode: Decoder | undefined): Cell {
  return cell === null || decode === undefined ? cell : decode(cell);
}

/** Prepares the statement once and learns the type of its parameter. */
async function prepareInsert(transaction: Statements, insert: string): Promise<InsertBatch> {
  const { types } = await transaction.unsafe(insert).describe();
  if (types.length !== 1) {
    throw new RollbackError(
      "The insert has the wrong number of parameters",
      `it has ${types.length} in place of 1`,
      "use $1 for the plaintext, and no other placeholder",
    );
  }
  const format = types[0] === BYTEA ? formatBytea : formatText;
  return async (plaintexts) => {
    const texts = plaintexts.map(format);
    try {
      // Sent one behind the other without waiting; the first refusal ends the transaction.
      await Promise.all(texts.map((text) => transaction.unsafe(insert, [text], { prepare: true })));
    } catch (cause) {
      throw cannotInsert(cause);
    }
  };
}

function formatBytea(bytes: Uint8Array): string {
  return `\\x${bytes.toHex()}`;
}

function formatText(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new RollbackError(
      "Can't execute the insert",
      "a plaintext is not UTF-8, and the column is not bytea",
      "insert into a column of type bytea",
      { cause },
    );
  }
}

function cannotSelect(cause: unknown): RollbackError {
  return new RollbackError(
    "Can't read rows",
    describeCause(cause),
    "try the select with psql; run this again from the start once it works",
    { cause },
  );
}

function cannotInsert(cause: unknown): RollbackError {
  return new RollbackError(
    "Can't execute the insert",
    describeCause(cause),
    "all inserts of this run were taken back; mend the insert or the table and run it again",
    { cause },
  );
}
