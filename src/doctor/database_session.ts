/** A session with the database that can change nothing: read only, and with an end to every statement. */

import { type ConnectionSettings, connect, describeCause, type Sql } from "../db_client/mod.ts";

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
  readonly #sql: Sql;

  private constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** @throws DatabaseRefusal when the login fails. */
  static async open(settings: ConnectionSettings): Promise<DatabaseSession> {
    let sql: Sql | null = null;
    try {
      sql = connect(settings, APPLICATION);
      await sql.unsafe("SELECT 1");
      return new DatabaseSession(sql);
    } catch (cause) {
      await sql?.end({ timeout: 0 });
      throw asRefusal(cause);
    }
  }

  /**
   * Lets `work` read within one transaction.
   * @throws DatabaseRefusal when a statement fails; and what `work` throws.
   */
  async reading<Result>(work: (read: Read) => Promise<Result>): Promise<Result> {
    let result: { readonly value: Result } | null = null;
    await this.#sql.begin("READ ONLY", async (transaction) => {
      await transaction.unsafe(LIMITS);
      const value = await work(async (statement, parameters = []) => {
        try {
          const rows = await transaction.unsafe(statement, [...parameters]);
          return rows.map((row): Row => row);
        } catch (cause) {
          throw asRefusal(cause);
        }
      });
      result = { value };
    });
    return demand(result);
  }

  async close(): Promise<void> {
    await this.#sql.end({ timeout: CLOSE_TIMEOUT_SECONDS });
  }
}

function demand<Result>(result: { readonly value: Result } | null): Result {
  if (result === null) {
    throw new DatabaseRefusal("the transaction did not end as it should");
  }
  return result.value;
}

function asRefusal(cause: unknown): DatabaseRefusal {
  return new DatabaseRefusal(describeCause(cause), { cause });
}
