/** Zone ids in the bytes of a cell: acra-formats.md §2.3. */

import { isZoneId, ZONE_ID_LENGTH, ZONE_TAG } from "./zone_id.ts";

const [LETTER_D = 0] = ZONE_TAG;

/** Where an id may stand: anywhere, or at the first byte and within the run of `D` that begins there. */
export type ZoneIdPlace = "anywhere" | "start";

/**
 * Everything in the bytes that has the form of a zone id, in the order of its place. A run of `D` of any
 * length costs no more than a short one: the same id is not told twice for it.
 */
export function* findZoneIds(bytes: Uint8Array, place: ZoneIdPlace): Generator<string, void> {
  let run = place === "start" ? 0 : bytes.indexOf(LETTER_D);
  while (run >= 0 && run + ZONE_ID_LENGTH <= bytes.length) {
    const end = endOfRun(bytes, run);
    yield* idsOfRun(bytes, run, end);
    run = place === "start" ? -1 : bytes.indexOf(LETTER_D, end);
  }
}

/** Ids whose tag lies in the run from `start` to `end`. */
function* idsOfRun(bytes: Uint8Array, start: number, end: number): Generator<string, void> {
  let at = start;
  if (end - start > ZONE_ID_LENGTH) {
    // Nothing but `D` from here on, and the same one byte further, until the run's last id of this kind.
    at = end - ZONE_ID_LENGTH;
  }
  const last = Math.min(end - ZONE_TAG.length, bytes.length - ZONE_ID_LENGTH);
  for (; at <= last; at++) {
    const text = String.fromCharCode(...bytes.subarray(at, at + ZONE_ID_LENGTH));
    if (isZoneId(text)) {
      yield text;
    }
  }
}

function endOfRun(bytes: Uint8Array, start: number): number {
  let end = start;
  while (bytes[end] === LETTER_D) {
    end++;
  }
  return end;
}
