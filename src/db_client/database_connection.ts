/** A connection to a database that says when it is lost: the driver alone would write into one that is gone. */

import { connect, type Sql } from "./connect.ts";
import type { ConnectionSettings } from "./connection_string.ts";

/** What runs statements. */
export type Statements = Pick<Sql, "unsafe">;

/** The connection was lost earlier; nothing was sent. */
class ConnectionLostError extends Error {
  override readonly name = "ConnectionLostError";
  readonly code = "CONNECTION_LOST";

  constructor() {
    super("the connection was lost before this could be asked");
  }
}

/** One connection, made when it is first used; never replaced behind our back. */
export class DatabaseConnection implements Statements {
  readonly #sql: Sql;
  #isLost = false;

  /** @throws Error that names the file of a certificate or key that cannot be read. */
  constructor(settings: ConnectionSettings, applicationName: string) {
    this.#sql = connect(settings, applicationName, () => {
      this.#isLost = true;
    });
  }

  /** Runs a statement as it is; throws {@link ConnectionLostError}, or later what the driver throws. */
  readonly unsafe: Sql["unsafe"] = (statement, parameters, options) => {
    this.#checkLost();
    return this.#sql.unsafe(statement, parameters, options);
  };

  /**
   * Runs `work` within one transaction, which lasts only when `work` succeeds.
   * @throws ConnectionLostError, the driver's errors, and what `work` throws.
   */
  async within<Result>(
    access: "READ ONLY" | "READ WRITE",
    work: (transaction: Statements) => Promise<Result>,
  ): Promise<Result> {
    // The driver waits for ever to reserve a connection that it has not made yet.
    await this.unsafe("SELECT 1");
    const reserved = await this.#sql.reserve();
    const unsafe: Sql["unsafe"] = (statement, parameters, options) => {
      this.#checkLost();
      return reserved.unsafe(statement, parameters, options);
    };
    try {
      await unsafe(`BEGIN ${access}`);
      const result = await work({ unsafe });
      await unsafe("COMMIT");
      reserved.release();
      return result;
    } catch (error) {
      this.#isLost ||= endsSession(error);
      if (!this.#isLost) {
        await reserved.unsafe("ROLLBACK");
        reserved.release();
      }
      throw error;
    }
  }

  /** Ends it, at the latest after these seconds. */
  async end(timeoutSeconds: number): Promise<void> {
    await this.#sql.end({ timeout: this.#isLost ? 0 : timeoutSeconds });
  }

  #checkLost(): void {
    if (this.#isLost) {
      throw new ConnectionLostError();
    }
  }
}

// Specification: the severities with which PostgreSQL ends a session; the socket is closed only afterwards.
const ENDING: ReadonlySet<unknown> = new Set(["FATAL", "PANIC"]);

/** Whether an error of the driver, or what was made of one, says that the database ends the session. */
function endsSession(error: unknown): boolean {
  return (
    error instanceof Error &&
    (("severity" in error && ENDING.has(error.severity)) || endsSession(error.cause))
  );
}
