/** Changes to messages on their way, told in a few bytes. */

import { repairChecksums } from "./repair.ts";

/**
 * The bytes with changes: pairs of a place and what is to be added there; an odd byte cuts. Half of
 * all changes leave the checksums right.
 */
export function tamper(bytes: Uint8Array, changes: Uint8Array): Uint8Array {
  const changed = bytes.slice();
  for (let at = 0; at + 1 < changes.length && changed.length > 0; at += 2) {
    const place = (changes[at] ?? 0) % changed.length;
    changed[place] = (changed[place] ?? 0) + (changes[at + 1] ?? 0);
  }
  const cut = changes.length % 2 === 0 ? changed : changed.slice(0, changes.at(-1));
  return (changes[1] ?? 0) % 2 === 0 ? cut : repairChecksums(cut);
}
