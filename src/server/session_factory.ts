/** Makes the session object of a connection: the client's keys, the stages, what is told to the log. */

import type { ServerKeys } from "../keystore/mod.ts";
import {
  createDecryptor,
  createPoisonAlarm,
  createPostgresSession,
  createZoneDecryptor,
  type FindKey,
  type Opening,
  type ProtocolSession,
  type SessionEvents,
  type Stage,
} from "../pipeline/mod.ts";
import type { PrivateKey } from "../themis/mod.ts";
import type { KeyHelp } from "./key_help.ts";
import type { ServerOptions } from "./options.ts";
import { createPoisonKeySource } from "./poison_key.ts";
import { createSessionEvents } from "./session_log.ts";
import type { ClientIdentity } from "./session_tls.ts";

/** Zone keys that one session holds. */
const HELD_ZONE_KEYS = 16;

/**
 * Answers a new session object for a client, whose id is looked at when its key is needed; `opened` is
 * told what the connection is for and may refuse it.
 */
export type CreateSession = (
  client: ClientIdentity,
  opened: (opening: Opening) => boolean,
) => ProtocolSession;

/** Prepares what all sessions of a server share; `help` is that of other threads. */
export function createSessionFactory(options: ServerOptions, help: KeyHelp | null): CreateSession {
  const { keys, cellMode, byteaFormat, poison, zoneMode } = options;
  const findPoisonKey = poison.detect
    ? createPoisonKeySource(keys, createSessionEvents(options, {}))
    : null;
  const makeDecryptor = (client: ClientIdentity, events: SessionEvents): Stage =>
    zoneMode
      ? createZoneDecryptor({ findZoneKey: holdZoneKeys(keys), mode: cellMode, events })
      : createDecryptor(
          holdKey(keys, () => keys.findStorageKey(client.clientId)),
          events,
          help?.forSession(keys, () => client.clientId) ?? null,
        );
  const makeStages = (client: ClientIdentity, events: SessionEvents): readonly Stage[] => {
    const decryptor = makeDecryptor(client, events);
    if (findPoisonKey === null) {
      return [decryptor];
    }
    return [decryptor, createPoisonAlarm(holdKey(keys, findPoisonKey), events)];
  };
  return (client, opened) => {
    const events = createSessionEvents(options, client.about);
    return createPostgresSession({
      opened,
      cells: { mode: cellMode, stages: makeStages(client, events) },
      byteaFormat,
      events,
      tls: options.tls.policy,
    });
  };
}

/** The same for the zones that a session met first; further ones are asked for each time. */
function holdZoneKeys(keys: ServerKeys): (zoneId: string) => PrivateKey | null {
  const held = new Map<string, PrivateKey>();
  let generation = keys.generation;
  return (zoneId) => {
    if (generation !== keys.generation) {
      generation = keys.generation;
      held.clear();
    }
    const key = held.get(zoneId) ?? keys.findZoneKey(zoneId);
    if (key !== null && held.size < HELD_ZONE_KEYS) {
      held.set(zoneId, key);
    }
    return key;
  };
}

/** Asks the keystore once and holds the answer until the keystore was reset; a lack is not held. */
function holdKey(keys: ServerKeys, find: FindKey): FindKey {
  let generation = -1;
  let key: ReturnType<FindKey> = null;
  return () => {
    if (key === null || generation !== keys.generation) {
      generation = keys.generation;
      key = find();
    }
    return key;
  };
}
