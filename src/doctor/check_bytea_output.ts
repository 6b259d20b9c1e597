/** Whether the database writes `bytea` as the server reads it, for us and for everybody with a setting of his own. */

import type { Read, Row } from "./database_session.ts";
import { type CheckReport, errorAt, type Finding } from "./finding.ts";

/** The two forms of PostgreSQL's setting `bytea_output`. */
export type ByteaOutput = "hex" | "escape";

const OWN = "SELECT current_setting('bytea_output') AS form";
/** Exceptions made with ALTER ROLE and ALTER DATABASE. */
const EXCEPTIONS = `
  SELECT quote_ident(r.rolname) AS role, quote_ident(d.datname) AS database,
         split_part(setting, '=', 2) AS form
  FROM pg_db_role_setting s CROSS JOIN unnest(s.setconfig) AS setting
  LEFT JOIN pg_roles r ON r.oid = s.setrole LEFT JOIN pg_database d ON d.oid = s.setdatabase
  WHERE setting LIKE 'bytea\\_output=%' AND (s.setdatabase = 0 OR d.datname = current_database())
  ORDER BY 1, 2 LIMIT 20`;

/** Compares with what the server was told. */
export async function checkByteaOutput(read: Read, expected: ByteaOutput): Promise<CheckReport> {
  const check = "bytea_output";
  const [own] = await read(OWN);
  const form = own?.["form"] ?? "";
  const exceptions = await read(EXCEPTIONS);
  const findings = [
    ...(form === expected ? [] : [mismatch(form, expected, null)]),
    ...exceptions
      .filter((row) => row["form"] !== expected)
      .map((row) => mismatch(row["form"] ?? "", expected, whomOf(row))),
  ];
  const facts = findings.length === 0 ? [`${form}, as the server expects it`] : [];
  return { check, facts, findings };
}

/** As in `ALTER ROLE shop IN DATABASE acra`. */
function whomOf({ role = null, database = null }: Row): string {
  return [
    ...(role === null ? [] : [`ROLE ${role}`]),
    ...(database === null ? [] : [`DATABASE ${database}`]),
  ].join(" IN ");
}

/** `whom`: who has the setting of his own; `null` for that of this session. */
function mismatch(form: string, expected: ByteaOutput, whom: string | null): Finding {
  const inServer =
    expected === "escape"
      ? "start the server without --pgsql_escape_bytea"
      : "start the server with --pgsql_escape_bytea";
  return errorAt(
    whom === null ? "bytea_output" : `ALTER ${whom} SET bytea_output`,
    `the database writes bytea in the form ${form}, and the server expects ${expected}: rows stay encrypted in text results`,
    `\`ALTER ${whom ?? "DATABASE …"} SET bytea_output = ${expected};\` or ${inServer}`,
  );
}
