/** Everything that only the database itself can tell. */

import type { ConnectionSettings } from "../db_client/mod.ts";
import { type ByteaOutput, checkByteaOutput } from "./check_bytea_output.ts";
import { checkClock } from "./check_clock.ts";
import { type ColumnToCheck, checkColumn } from "./check_column.ts";
import { checkMaxConnections } from "./check_max_connections.ts";
import { DatabaseRefusal, DatabaseSession, type Read } from "./database_session.ts";
import { type CheckReport, errorAt } from "./finding.ts";

/** How to enter, and what to look at. */
export interface Inside {
  readonly connection: ConnectionSettings;
  readonly byteaOutput: ByteaOutput;
  /** Sessions that the server is told to let in; 0 when it is not told. */
  readonly connectionLimit: number;
  readonly columns: readonly ColumnToCheck[];
}

/** Logs in and looks; a refusal is a finding. */
export async function lookInside(options: Inside): Promise<readonly CheckReport[]> {
  const { connection, byteaOutput, connectionLimit, columns } = options;
  let session: DatabaseSession;
  try {
    session = await DatabaseSession.open(connection);
  } catch (error) {
    return [{ check: "login", facts: [], findings: [cannotEnter(error, connection)] }];
  }
  const attempt = async (
    check: string,
    look: (read: Read) => Promise<CheckReport>,
  ): Promise<CheckReport> => {
    try {
      return await session.reading(look);
    } catch (error) {
      const what = `the database refuses: ${reasonOf(error)}`;
      const fix = "name a user who may read the table, and try again";
      return { check, facts: [], findings: [errorAt(check, what, fix)] };
    }
  };
  try {
    const reports = [
      await attempt("bytea_output", (read) => checkByteaOutput(read, byteaOutput)),
      await attempt("clock", (read) => checkClock(read, Date.now)),
      await attempt("max_connections", (read) => checkMaxConnections(read, connectionLimit)),
    ];
    for (const column of columns) {
      const { written } = column.name;
      reports.push(await attempt(`column ${written}`, (read) => checkColumn(read, column)));
    }
    return reports;
  } finally {
    await session.close();
  }
}

function cannotEnter(error: unknown, { host, port, sslMode }: ConnectionSettings) {
  const tls =
    sslMode === "disable" || sslMode === "prefer"
      ? ""
      : `; sslmode is ${sslMode}, a database without TLS needs sslmode=disable`;
  return errorAt(
    `${host}:${port}`,
    `no login to the database: ${reasonOf(error)}`,
    `check --connection_string, PGUSER, PGPASSWORD and PGDATABASE${tls}`,
  );
}

function reasonOf(error: unknown): string {
  if (!(error instanceof DatabaseRefusal)) {
    throw error;
  }
  return error.message;
}
