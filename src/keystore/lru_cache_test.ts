/** The cache: order, limits, and that what leaves is handed over. */

import { expect, test } from "bun:test";
import { LruCache } from "./lru_cache.ts";

function makeCache(limit: number): { cache: LruCache<string>; dropped: string[] } {
  const dropped: string[] = [];
  return { cache: new LruCache<string>(limit, (entry) => void dropped.push(entry)), dropped };
}

test("LruCache drops what was not asked for longest", () => {
  const { cache, dropped } = makeCache(2);
  cache.set("a", "A");
  cache.set("b", "B");
  expect(cache.find("a")).toBe("A");
  cache.set("c", "C");
  expect(dropped).toEqual(["B"]);
  expect([cache.find("a"), cache.find("b"), cache.find("c")]).toEqual(["A", null, "C"]);
});

test("LruCache with limit 0 keeps everything, with −1 nothing", () => {
  const all = makeCache(0);
  for (let index = 0; index < 100; index++) {
    all.cache.set(`${index}`, `${index}`);
  }
  expect([all.cache.size, all.dropped.length]).toEqual([100, 0]);
  const none = makeCache(-1);
  none.cache.set("a", "A");
  expect([none.cache.find("a"), none.dropped]).toEqual([null, ["A"]]);
});

test("LruCache hands over what is replaced and what is cleared", () => {
  const { cache, dropped } = makeCache(0);
  cache.set("a", "A");
  cache.set("a", "A2");
  expect(dropped).toEqual(["A"]);
  cache.set("b", "B");
  cache.clear();
  expect([dropped, cache.size]).toEqual([["A", "A2", "B"], 0]);
});
