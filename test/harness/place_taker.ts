/**
 * A thread that takes and gives back places as fast as it can, together with others, and tells the most
 * that were ever taken.
 */

import { Ceiling, SharedPlaces } from "../../src/admission/mod.ts";

addEventListener("message", ({ data }) => {
  const { memory, thread, limit, rounds, gate, threads } = data;
  const places = new SharedPlaces(memory, thread);
  const ceiling = new Ceiling(limit, places.of("sessions"));
  const ready = new Int32Array(gate);
  Atomics.add(ready, 0, 1);
  while (Atomics.load(ready, 0) < threads) {
    // All begin at the same moment: this costs no more than the start of a thread.
  }
  let most = 0;
  let refused = 0;
  for (let round = 0; round < rounds; round++) {
    const leave = ceiling.enter();
    most = Math.max(most, places.countTaken("sessions"));
    refused += leave === null ? 1 : 0;
    leave?.();
  }
  const kept = ceiling.enter() === null ? 0 : 1;
  postMessage({ most, refused, kept });
});
