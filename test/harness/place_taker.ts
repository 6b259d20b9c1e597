/** A thread that takes and gives back places as fast as it can, and tells when there were too many. */

import { Ceiling, SharedPlaces } from "../../src/admission/mod.ts";

addEventListener("message", ({ data }) => {
  const { memory, thread, limit, rounds } = data;
  const places = new SharedPlaces(memory, thread);
  const ceiling = new Ceiling(limit, places.of("sessions"));
  let most = 0;
  let refused = 0;
  for (let round = 0; round < rounds; round++) {
    const leaves = Array.from({ length: limit }, () => ceiling.enter());
    most = Math.max(most, places.countTaken("sessions"));
    for (const leave of leaves) {
      refused += leave === null ? 1 : 0;
      leave?.();
    }
  }
  const kept = ceiling.enter() === null ? 0 : 1;
  postMessage({ most, refused, kept });
});
