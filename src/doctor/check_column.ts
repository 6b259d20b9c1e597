/** Whether a column holds AcraStructs only: looks at the first bytes of a sample of its rows. */

import type { PrivateKey } from "../themis/mod.ts";
import { type CellKind, classifyCell, HEAD_LENGTH } from "./classify_cell.ts";
import { type ColumnName, quoteIdentifier } from "./column_name.ts";
import type { Read, Row } from "./database_session.ts";
import { type CheckReport, errorAt, type Finding } from "./finding.ts";

/** What to look at, and what should be there. */
export interface ColumnToCheck {
  readonly name: ColumnName;
  /** Most rows that are looked at. */
  readonly sampleRows: number;
  /** An AcraStruct fills the cell, or begins anywhere in it. */
  readonly cellMode: "whole-cell" | "injected-cell";
  /** Keys of which one should open each AcraStruct; `null` when that is not looked at. */
  readonly keys: readonly PrivateKey[] | null;
}

const TAG = "decode('2222222222222222', 'hex')";
const BYTEA = "bytea";

/**
 * Samples the column.
 * @throws DatabaseRefusal when the database does not let us.
 */
export async function checkColumn(read: Read, options: ColumnToCheck): Promise<CheckReport> {
  const { name } = options;
  const check = `column ${name.written}`;
  const found = await findColumn(read, name);
  if (found === null) {
    const what = "there is no such column in this database, or this user may not see its schema";
    const fix = "correct --columns, or name another database with --connection_string";
    return { check, facts: [], findings: [errorAt(name.written, what, fix)] };
  }
  const rows = await sample(read, found, options);
  const counts = count(rows, options);
  const summary = describe(counts, rows.length, totalOf(found, rows.length, options));
  const findings = [
    ...(found.type === BYTEA ? [] : [wrongType(found, name)]),
    ...judge(counts, summary, found, options),
  ];
  return { check, facts: findings.length === 0 ? [summary] : [], findings };
}

/** A column of the catalogue. */
interface FoundColumn {
  /** Quoted for SQL. */
  readonly table: string;
  readonly column: string;
  /** The column's values as bytes, in SQL. */
  readonly bytes: string;
  readonly type: string;
  /** Rows that the table is thought to have: as it was last counted, or by its size. */
  readonly estimate: number;
  /** Bytes of its rows, without those that lie apart. */
  readonly size: number;
  /** Whether TABLESAMPLE is possible. */
  readonly isTable: boolean;
}

async function findColumn(read: Read, name: ColumnName): Promise<FoundColumn | null> {
  const { schema, table, column } = name;
  const written = [...(schema === null ? [] : [schema]), table].map(quoteIdentifier).join(".");
  const [row] = await read(FIND, [written, column]);
  if (row === undefined) {
    return null;
  }
  const size = Number(row["size"] ?? "0");
  const counted = Number(row["counted"] ?? "0");
  const quoted = quoteIdentifier(column);
  const type = row["type"] ?? "";
  return {
    table: written,
    column: quoted,
    bytes: type === BYTEA ? quoted : `convert_to(${quoted}::text, 'UTF8')`,
    type,
    estimate: counted > 0 ? counted : Math.floor(size / GUESSED_ROW_BYTES),
    size,
    isTable: ["r", "m", "p"].includes(row["kind"] ?? ""),
  };
}

/** Where nobody has counted: few, so that enough rows are drawn. */
const GUESSED_ROW_BYTES = 800;

/** A column of a table, with the rows and bytes of the table and of all its partitions. */
const FIND = `
  SELECT format_type(a.atttypid, NULL) AS type, c.relkind AS kind,
         (SELECT coalesce(sum(greatest(p.reltuples, 0)), 0)::bigint::text FROM pg_class p WHERE p.oid IN
           (SELECT c.oid UNION SELECT relid FROM pg_partition_tree(c.oid) WHERE isleaf)) AS counted,
         (SELECT coalesce(sum(pg_relation_size(p.oid)), 0)::text FROM pg_class p WHERE p.relkind IN ('r', 'm')
           AND p.oid IN (SELECT c.oid UNION SELECT relid FROM pg_partition_tree(c.oid) WHERE isleaf)) AS size
  FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
  WHERE a.attrelid = to_regclass($1) AND a.attname = $2 AND a.attnum > 0 AND NOT a.attisdropped`;

/** Up to this size all rows are passed by and some drawn; of larger tables, some pages are read whole. */
const LARGEST_SCAN_BYTES = 256 * 1024 * 1024;

/** Rows from all over a large table; the first ones of a small one and of a view. */
async function sample(
  read: Read,
  found: FoundColumn,
  { sampleRows, cellMode }: ColumnToCheck,
): Promise<readonly Row[]> {
  const { table, bytes, estimate, size, isTable } = found;
  // Where the AcraStruct begins, from 1 on.
  const start = cellMode === "whole-cell" ? "1" : `greatest(position(${TAG} IN c), 1)`;
  const statementFor = (source: string) =>
    `SELECT encode(substring(c FROM ${start} FOR ${HEAD_LENGTH}), 'hex') AS head,
            (octet_length(c) - ${start} + 1)::text AS length
     FROM (SELECT ${bytes} AS c FROM ${source} LIMIT ${sampleRows}) AS sampled`;
  if (isTable && estimate > sampleRows * 2) {
    // More than are wanted, and of them any: the newest rows lie at the end.
    const percent = Math.min(100, (150 * sampleRows) / estimate).toFixed(6);
    const method = size <= LARGEST_SCAN_BYTES ? "BERNOULLI" : "SYSTEM";
    const drawn = `${table} TABLESAMPLE ${method} (${percent}) ORDER BY random()`;
    const rows = await read(statementFor(drawn));
    if (rows.length > 0) {
      return rows;
    }
  }
  return await read(statementFor(table));
}

type Counts = Readonly<Record<CellKind, number>>;

function count(rows: readonly Row[], { cellMode, keys }: ColumnToCheck): Counts {
  const counts = { null: 0, empty: 0, sealed: 0, foreign: 0, plaintext: 0 };
  for (const { head, length } of rows) {
    const cell = {
      head: head === null || head === undefined ? null : Uint8Array.fromHex(head),
      length: Number(length ?? 0),
    };
    counts[classifyCell(cell, cellMode === "whole-cell", keys)]++;
  }
  return counts;
}

/** Rows of the table, where not all of them were looked at. */
function totalOf({ estimate }: FoundColumn, rows: number, { sampleRows }: ColumnToCheck) {
  const isPart = rows === sampleRows || estimate > sampleRows * 2;
  return isPart && estimate > rows ? estimate : null;
}

function describe(counts: Counts, rows: number, total: number | null): string {
  const { sealed, foreign, plaintext, empty, null: absent } = counts;
  const values = sealed + foreign + plaintext;
  const share = values === 0 ? "0" : ((100 * plaintext) / values).toFixed(plaintext > 0 ? 2 : 0);
  return (
    `${rows} rows sampled${total === null ? "" : ` of about ${total}`}: ${sealed + foreign} AcraStructs, ${plaintext} in plaintext ` +
    `(${share} %), ${absent} NULL, ${empty} empty`
  );
}

function judge(
  { foreign, plaintext }: Counts,
  summary: string,
  { table, bytes }: FoundColumn,
  { name, cellMode }: ColumnToCheck,
): Finding[] {
  const findings: Finding[] = [];
  if (plaintext > 0) {
    const isOpen =
      cellMode === "whole-cell"
        ? `substring(${bytes} FOR 8) <> ${TAG}`
        : `position(${TAG} IN ${bytes}) = 0`;
    findings.push(
      errorAt(
        name.written,
        `plaintext lies in this column: ${summary}`,
        `find it with \`SELECT ctid FROM ${table} WHERE ${isOpen} AND ${bytes} <> '';\`, write those rows anew through a writer, and remember that backups and WAL still hold them`,
      ),
    );
  }
  if (foreign > 0) {
    findings.push(
      errorAt(
        name.written,
        `${foreign} AcraStructs open with no key of this folder: ${summary}`,
        "they were sealed with another public key: compare the writers' .pub files with `acra keys list`, and bring old keys back",
      ),
    );
  }
  return findings;
}

function wrongType({ table, column, type }: FoundColumn, name: ColumnName): Finding {
  return errorAt(
    name.written,
    `the type of the column is ${type}: AcraStructs are bytes, and the server opens them in bytea only`,
    `\`ALTER TABLE ${table} ALTER COLUMN ${column} TYPE bytea USING …;\``,
  );
}
