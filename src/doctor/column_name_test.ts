/** Names of columns as operators write them. */

import { expect, test } from "bun:test";
import fc from "fast-check";
import { parseColumnNames, quoteIdentifier } from "./column_name.ts";

const name = (schema: string | null, table: string, column: string) => ({ schema, table, column });

test.each([
  ["", []],
  ["cards.number,", [name(null, "cards", "number")]],
  ["cards.number", [name(null, "cards", "number")]],
  ["Shop.Cards.Number", [name("shop", "cards", "number")]],
  [
    ' cards.number , "Cards"."a ""b"".c"',
    [name(null, "cards", "number"), name(null, "Cards", 'a "b".c')],
  ],
  ["straße.größe_2", [name(null, "straße", "größe_2")]],
])("%p is read", (text, expected) => {
  expect(parseColumnNames(text).map(({ written, ...rest }) => rest)).toEqual(expected);
});

test.each(["x", "a.b.c.d", "a.", ".b", "a.b,,c.d", "a b.c", '"a.b', 'a."', "a.b;DROP", "1a.b"])(
  "%p is no list of columns",
  (text) => {
    expect(() => parseColumnNames(text)).toThrow(SyntaxError);
  },
);

test("a list names each column as it was written", () => {
  expect(parseColumnNames(' a.b , "C"."D"').map(({ written }) => written)).toEqual([
    "a.b",
    '"C"."D"',
  ]);
});

test("whatever names are quoted are read back", () => {
  const word = fc.string({ minLength: 1 });
  fc.assert(
    fc.property(word, word, (table, column) => {
      const text = [table, column].map(quoteIdentifier).join(".");
      expect(parseColumnNames(text)).toEqual([{ ...name(null, table, column), written: text }]);
    }),
  );
});
