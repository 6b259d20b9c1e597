/** Makes the session object of a connection: the client's keys, the stages, what is told to the log. */

import type { ServerKeys } from "../keystore/mod.ts";
import {
  createDecryptor,
  createPoisonAlarm,
  createPostgresSession,
  type FindKey,
  type ProtocolSession,
  type SessionEvents,
  type Stage,
} from "../pipeline/mod.ts";
import type { ServerOptions } from "./options.ts";

/** Answers a new session object for a client id. */
export type CreateSession = (clientId: string) => ProtocolSession;

/** Prepares what all sessions of a server share. */
export function createSessionFactory(options: ServerOptions, events: SessionEvents): CreateSession {
  const { keys, cellMode, byteaFormat, poison } = options;
  const makeStages = (clientId: string): readonly Stage[] => {
    const decryptor = createDecryptor(
      holdKey(keys, () => keys.findStorageKey(clientId)),
      events,
    );
    if (!poison.detect) {
      return [decryptor];
    }
    return [
      decryptor,
      createPoisonAlarm(
        holdKey(keys, () => keys.findPoisonKey()),
        events,
      ),
    ];
  };
  return (clientId) =>
    createPostgresSession({
      cells: { mode: cellMode, stages: makeStages(clientId) },
      byteaFormat,
      events,
    });
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
