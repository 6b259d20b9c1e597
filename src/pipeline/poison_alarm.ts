/** The stage that recognises poison records among what did not open (acra-formats.md §3). */

import { isPoisonRecord } from "../poison/mod.ts";
import { type FindKey, KeyFinder } from "./key_finder.ts";
import type { SessionEvents } from "./session_events.ts";
import type { Stage } from "./stage.ts";

/** Makes the stage for one session; it stands behind every stage that opens. */
export function createPoisonAlarm(findPoisonKey: FindKey, events: SessionEvents): Stage {
  const keys = new KeyFinder(findPoisonKey, "poison", events);
  return {
    open(bytes, offset) {
      events.poisonChecked();
      const key = keys.find();
      return key !== null && isPoisonRecord(bytes, offset, key) ? { kind: "alarm" } : null;
    },
  };
}
