/** Limits that several threads share. */

import { expect, test } from "bun:test";
import { Ceiling, SharedPlaces } from "./mod.ts";

const TAKER = new URL("../../test/harness/place_taker.ts", import.meta.url).href;

test("threads that take places at the same time never have more than the limit together", async () => {
  const limit = 3;
  const memory = SharedPlaces.allocate(5);
  const gate = new SharedArrayBuffer(4);
  const threads = [1, 2, 3, 4].map((thread) => {
    const worker = new Worker(TAKER);
    worker.postMessage({ memory, thread, limit, rounds: 300_000, gate, threads: 4 });
    return new Promise<{ most: number; refused: number; kept: number }>((resolve) => {
      worker.addEventListener("message", ({ data }) => resolve(data));
    });
  });
  const results = await Promise.all(threads);
  const own = new SharedPlaces(memory, 0);
  for (const { most } of results) {
    expect(most).toBeLessThanOrEqual(limit);
  }
  // All but one of them kept a place, for there are not more.
  expect(results.filter(({ kept }) => kept === 1)).toHaveLength(limit);
  expect(results.some(({ refused }) => refused > 0)).toBe(true);
  expect(own.countTaken("sessions")).toBe(limit);
  const ceiling = new Ceiling(limit, own.of("sessions"));
  expect(ceiling.enter()).toBeNull();
  own.release(results.findIndex(({ kept }) => kept === 1) + 1);
  expect(ceiling.enter()).not.toBeNull();
  expect(ceiling.enter()).toBeNull();
}, 60_000);

test("kinds of places are counted apart, and those of a thread that is gone come back", () => {
  const memory = SharedPlaces.allocate(2);
  const [first, second] = [new SharedPlaces(memory, 0), new SharedPlaces(memory, 1)];
  for (const places of [first, second, second]) {
    expect(places.of("connections").take(10)).toBe(true);
  }
  expect(second.of("api").take(1)).toBe(true);
  expect(first.of("api").take(1)).toBe(false);
  expect(first.countTaken("connections")).toBe(3);
  expect(first.countConnections()).toEqual([1, 2]);
  second.abandonedDials[0] = 5;
  first.abandonedDials[0] = 1;
  expect(first.countAbandonedDials()).toBe(6);
  first.release(1);
  expect(first.countConnections()).toEqual([1, 0]);
  expect([first.countTaken("connections"), first.countTaken("api")]).toEqual([1, 0]);
  expect(first.countAbandonedDials()).toBe(1);
  first.of("connections").giveBack();
  expect(first.countTaken("connections")).toBe(0);
});
