/** A session with the database that can change nothing: read only, and with an end to every statement. */

import { type ConnectionSettings, DatabaseConnection, describeCause } from "../db_client/mod.ts";

const APPLICATION = "acra-doctor";
const CLOSE_TIMEOUT_SECONDS = 2;
/** Set within each transaction, for poolers refuse them at the login. */
const LIMITS = "SET LOCAL statement_timeout = 15000; SET LOCAL lock_timeout = 3000";

/** A row: name of the column → text, or NULL. */
export type Row = Readonly<Record<string, string | null>>;

/** Runs a statement that only reads. */
export type Read = (statement: string, parameters?: readonly string[]) => Promise<readonly Row[]>;

/** Why the database did not do what was asked; the text quotes no data. */
export class DatabaseRefusal extends Error {
  override readonly name = "DatabaseRefusal";
}

/** A session that was let in. */
export class DatabaseSession {
  readonly #connection: DatabaseConnection;

  private constructor(connection: DatabaseConnection) {
    this.#connection = connection;
  }

  /** @throws DatabaseRefusal when the login fails. */
  static async open(settings: ConnectionSettings): Promise<DatabaseSession> {
    let connection: DatabaseConnection | null = null;
    try {
      connection = new DatabaseConnection(settings, APPLICATION);
      await connection.unsafe("SELECT 1");
      return new DatabaseSession(connection);
    } catch (cause) {
      await connection?.end(0);
      throw asRefusal(cause);
    }
  }

  /**
   * Lets `work` read within one transaction.
   * @throws DatabaseRefusal when a statement fails or the connection is lost; and what `work` throws.
   */
  async reading<Result>(work: (read: Read) => Promise<Result>): Promise<Result> {
    try {
      return await this.#connection.within("READ ONLY", async (transaction) => {
        await transaction.unsafe(LIMITS);
        return await work(async (statement, parameters = []) => {
          const rows = await transaction.unsafe(statement, [...parameters]);
          return rows.map((row): Row => row);
        });
      });
    } catch (error) {
      // Errors of the driver and the system have codes.
      throw error instanceof Error && "code" in error ? asRefusal(error) : error;
    }
  }

  async close(): Promise<void> {
    await this.#connection.end(CLOSE_TIMEOUT_SECONDS);
  }
}

function asRefusal(cause: unknown): DatabaseRefusal {
  return new DatabaseRefusal(describeCause(cause), { cause });
}
