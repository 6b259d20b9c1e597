/** Limits that several threads share. */

import { expect, test } from "bun:test";
import { Ceiling, SharedPlaces } from "./mod.ts";

const TAKER = new URL("../../test/harness/place_taker.ts", import.meta.url).href;

test("threads that take places at the same time never have more than the limit together", async () => {
  const limit = 3;
  const memory = SharedPlaces.allocate(3);
  const threads = [1, 2].map((thread) => {
    const worker = new Worker(TAKER);
    worker.postMessage({ memory, thread, limit, rounds: 20_000 });
    return new Promise<{ most: number; refused: number; kept: number }>((resolve) => {
      worker.addEventListener("message", ({ data }) => resolve(data));
    });
  });
  const results = await Promise.all(threads);
  const own = new SharedPlaces(memory, 0);
  for (const { most } of results) {
    expect(most).toBeLessThanOrEqual(limit);
  }
  // Each of them has kept one place.
  expect(results.map(({ kept }) => kept)).toEqual([1, 1]);
  expect(own.countTaken("sessions")).toBe(2);
  const ceiling = new Ceiling(limit, own.of("sessions"));
  expect(ceiling.enter()).not.toBeNull();
  expect(ceiling.enter()).toBeNull();
  own.release(2);
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
