/** The placeholder, wherever SQL lets something that looks like one stand. */

import { expect, test } from "bun:test";
import { parseInsertStatement } from "./insert_statement.ts";

const FOUND: readonly (readonly [string, string])[] = [
  ["insert into t values ($1);", "insert into t values (X);"],
  ["insert into t values ($10, $1);", "insert into t values ($10, X);"],
  ["insert into t values ('$1', $1, $1)", "insert into t values ('$1', X, $1)"],
  ["insert into t values ('it''s $1', $1)", "insert into t values ('it''s $1', X)"],
  ["insert into t values (E'\\'$1', $1)", "insert into t values (E'\\'$1', X)"],
  ["insert into t values ('\\', $1)", "insert into t values ('\\', X)"],
  ['insert into "$1" values ($1)', 'insert into "$1" values (X)'],
  ["insert into t /* $1 */ values ($1) -- $1", "insert into t /* $1 */ values (X) -- $1"],
  ["insert into t -- $1\nvalues ($1)", "insert into t -- $1\nvalues (X)"],
  [
    "insert into t values ($$ $1 $$, $a$ $1 $$ $a$, $1)",
    "insert into t values ($$ $1 $$, $a$ $1 $$ $a$, X)",
  ],
  ["insert into a$1 values ($1::bytea)", "insert into a$1 values (X::bytea)"],
  ["insert into é$1 values($1)", "insert into é$1 values(X)"],
];
const NOT_FOUND = ["", "insert into t values (?)", "values ($10)", "values ('$1')", "-- $1", "a$1"];

test("the first placeholder that is one is replaced", () => {
  for (const [text, expected] of FOUND) {
    expect(parseInsertStatement(text)?.withLiteral("X")).toBe(expected);
  }
});

test("a literal is put in as it is, whatever patterns of replacement it holds", () => {
  expect(parseInsertStatement("($1)")?.withLiteral("'$& $1 $$'")).toBe("('$& $1 $$')");
});

test("a statement without placeholder is refused", () => {
  for (const text of NOT_FOUND) {
    expect(parseInsertStatement(text)).toBeNull();
  }
});

test("placeholders are counted", () => {
  expect(parseInsertStatement("values ($1, $1, '$1')")?.placeholders).toBe(2);
});
