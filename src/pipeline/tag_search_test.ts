/** The search for tags in chunks. */

import { expect, test } from "bun:test";
import { hasTagFrom, TagSearch } from "./tag_search.ts";

const DIGITS = "2".repeat(16);
const QUOTES = '"'.repeat(8);

function load(text: string): TagSearch {
  const search = new TagSearch();
  search.load(Buffer.from(text));
  return search;
}

test("TagSearch finds the next tag of either kind, never one before", () => {
  const search = load(`ab${DIGITS}cd${QUOTES}e${DIGITS}`);
  const found = [0, 2, 3, 20, 21, 29, 30].map((from) => search.next(from));
  expect(found).toEqual([2, 2, 20, 20, 29, 29, 45]);
});

test("TagSearch answers the length of a chunk without tags, and forgets the chunk before", () => {
  const search = load(QUOTES);
  expect(search.next(0)).toBe(0);
  search.load(Buffer.from(`${QUOTES.slice(1)} ${DIGITS.slice(1)}`));
  expect(search.next(0)).toBe(23);
});

test("TagSearch looks at its part of a larger buffer only", () => {
  const bytes = Buffer.from(`${QUOTES}ab${DIGITS}`);
  const search = new TagSearch();
  search.load(bytes.subarray(8, 12));
  expect(search.next(0)).toBe(4);
});

test("hasTagFrom finds a tag at an offset or behind it", () => {
  const bytes = Buffer.from(`a${DIGITS}`);
  expect(hasTagFrom(bytes, 1)).toBe(true);
  expect(hasTagFrom(bytes, 2)).toBe(false);
  expect(hasTagFrom(Buffer.from(`a${QUOTES}`), 0)).toBe(true);
});
