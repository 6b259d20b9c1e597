/**
 * The poison key of a server. An alarm that can be disarmed by using up descriptors or by touching
 * the key file would be none: the key is read at the start, and when it cannot be read later, the
 * last one that could be read goes on (acra-formats.md §3).
 */

import type { ServerKeys } from "../keystore/mod.ts";
import type { FindKey, SessionEvents } from "../pipeline/mod.ts";
import type { PrivateKey } from "../themis/mod.ts";

/** Answers the key, or `null` when there is none; throws only while none could ever be read. */
export function createPoisonKeySource(
  keys: Pick<ServerKeys, "findPoisonKey">,
  events: Pick<SessionEvents, "keyUnreadable">,
): FindKey {
  let last: PrivateKey | null = null;
  const find: FindKey = () => {
    try {
      last = keys.findPoisonKey();
    } catch (error) {
      if (last === null) {
        throw error;
      }
      events.keyUnreadable("poison", error);
    }
    return last;
  };
  try {
    find();
  } catch (error) {
    events.keyUnreadable("poison", error);
  }
  return find;
}
