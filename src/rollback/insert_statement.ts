/** The INSERT statement of the operator, and the place in it where the plaintext goes: acra-formats.md §8.4. */

/** A statement that is written once per row. */
export interface InsertStatement {
  /** As the operator wrote it. */
  readonly text: string;
  /** How often the placeholder stands in it; only the first one is replaced. */
  readonly placeholders: number;
  /** The statement with the literal in place of the first placeholder. */
  withLiteral(literal: string): string;
}

/**
 * What may hold a `$1` that is none, and the placeholder itself: strings with backslashes, strings,
 * quoted names, remarks, dollar-quoted strings, names (`a$1` is one), `$1` but not `$10`.
 */
const TOKENS = new RegExp(
  [
    String.raw`\b[eE]'(?:[^'\\]|\\[^]|'')*'`,
    "'(?:[^']|'')*'",
    '"(?:[^"]|"")*"',
    String.raw`--[^\n]*`,
    String.raw`/\*[^]*?\*/`,
    String.raw`\$(?<tag>(?:[\p{L}_][\p{L}\p{N}_]*)?)\$[^]*?\$\k<tag>\$`,
    String.raw`[\p{L}_][\p{L}\p{N}_$]*`,
    String.raw`(?<placeholder>\$1)(?!\d)`,
    String.raw`\$\d+`,
  ].join("|"),
  "gu",
);
const PLACEHOLDER_LENGTH = 2;

/** Finds the placeholder `$1`; `null` when the statement has none. */
export function parseInsertStatement(text: string): InsertStatement | null {
  const places = [...text.matchAll(TOKENS)]
    .filter((match) => match.groups?.["placeholder"] !== undefined)
    .map((match) => match.index);
  const [first] = places;
  if (first === undefined) {
    return null;
  }
  const before = text.slice(0, first);
  const after = text.slice(first + PLACEHOLDER_LENGTH);
  return { text, placeholders: places.length, withLiteral: (literal) => before + literal + after };
}
