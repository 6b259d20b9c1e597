/** Names of columns as an operator writes them: `cards.number`, `shop.cards.number`, `"Cards"."Number"`. */

/** A column of a table. */
export interface ColumnName {
  /** `null`: found by the search path. */
  readonly schema: string | null;
  readonly table: string;
  readonly column: string;
  /** As it was written. */
  readonly written: string;
}

/** A part is quoted, with doubled quotes inside, or plain; PostgreSQL makes plain ones small. */
const PART =
  /\s*(?:"(?<quoted>(?:[^"]|"")+)"|(?<plain>[\p{L}_][\p{L}\p{N}_$]*))\s*(?<end>[.,]|$)/uy;

/**
 * Reads a list of names with commas between.
 * @throws SyntaxError that says what is wrong.
 */
export function parseColumnNames(text: string): readonly ColumnName[] {
  const names: ColumnName[] = [];
  const pattern = new RegExp(PART);
  let parts: string[] = [];
  let start = 0;
  while (pattern.lastIndex < text.length) {
    const groups = pattern.exec(text)?.groups;
    if (groups === undefined) {
      throw notUnderstood(text.slice(start));
    }
    const { quoted, plain = "", end } = groups;
    parts.push(quoted === undefined ? plain.toLowerCase() : quoted.replaceAll('""', '"'));
    if (end !== ".") {
      const stop = pattern.lastIndex - (end ?? "").length;
      names.push(toName(parts, text.slice(start, stop).trim()));
      parts = [];
      start = pattern.lastIndex;
    }
  }
  if (parts.length > 0) {
    throw notUnderstood(text.slice(start));
  }
  return names;
}

/** An identifier within SQL. */
export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

function toName(parts: readonly string[], written: string): ColumnName {
  const [column, table, schema = null, ...more] = parts.toReversed();
  if (column === undefined || table === undefined || more.length > 0) {
    throw notUnderstood(written);
  }
  return { schema, table, column, written };
}

function notUnderstood(written: string): SyntaxError {
  return new SyntaxError(
    `"${written}" is no column: write TABLE.COLUMN or SCHEMA.TABLE.COLUMN, and "…" around names with capitals`,
  );
}
