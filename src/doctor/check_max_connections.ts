/** Whether the database lets in as many as the server is told to. */

import type { Read } from "./database_session.ts";
import { type CheckReport, warningAt } from "./finding.ts";

/** `asked`: sessions that the settings want, 0 when they name no number. */
export async function checkMaxConnections(read: Read, asked: number): Promise<CheckReport> {
  const check = "max_connections";
  const [row] = await read(
    `SELECT current_setting('max_connections') AS most,
            current_setting('superuser_reserved_connections') AS reserved`,
  );
  const room = Number(row?.["most"] ?? 0) - Number(row?.["reserved"] ?? 0);
  if (asked <= room) {
    return { check, facts: [`the database lets in ${room}`], findings: [] };
  }
  const finding = warningAt(
    `--incoming_connection_limit=${asked}`,
    `the database lets in no more than ${room}`,
    "lower the limit, or raise max_connections in postgresql.conf",
  );
  return { check, facts: [], findings: [finding] };
}
