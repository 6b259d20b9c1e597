/** The stage that opens AcraStructs made for the client's storage key (acra-formats.md §1.4). */

import { takeAcraStruct } from "../acrastruct/mod.ts";
import { type FindKey, KeyFinder } from "./key_finder.ts";
import type { KeysAhead } from "./keys_ahead.ts";
import type { SessionEvents } from "./session_events.ts";
import type { Stage } from "./stage.ts";

/**
 * Makes the stage for one session; `findStorageKey` answers for the session's client id, and so does
 * `keysAhead`, if there is help to be had.
 */
export function createDecryptor(
  findStorageKey: FindKey,
  events: SessionEvents,
  keysAhead: KeysAhead | null = null,
): Stage {
  const keys = new KeyFinder(findStorageKey, "storage", events);
  return {
    keysAhead,
    open(bytes, offset) {
      const key = keys.find();
      const unwrapped = keysAhead === null ? null : keysAhead.take(bytes, offset);
      const taken = key === null ? null : takeAcraStruct(bytes, offset, key, null, unwrapped);
      if (taken === null) {
        events.decryptFailed();
        return null;
      }
      events.decrypted();
      return { kind: "opened", plaintext: taken.plaintext, length: taken.length };
    },
  };
}
