/** The stage that opens AcraStructs made for the client's storage key (acra-formats.md §1.4). */

import { takeAcraStruct } from "../acrastruct/mod.ts";
import { type FindKey, KeyFinder } from "./key_finder.ts";
import type { SessionEvents } from "./session_events.ts";
import type { Stage } from "./stage.ts";

/** Makes the stage for one session; `findStorageKey` answers for the session's client id. */
export function createDecryptor(findStorageKey: FindKey, events: SessionEvents): Stage {
  const keys = new KeyFinder(findStorageKey, "storage", events);
  return {
    open(bytes, offset) {
      const key = keys.find();
      const taken = key === null ? null : takeAcraStruct(bytes, offset, key);
      if (taken === null) {
        events.decryptFailed();
        return null;
      }
      events.decrypted();
      return { kind: "opened", plaintext: taken.plaintext, length: taken.length };
    },
  };
}
