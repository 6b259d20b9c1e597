/** What both sides compute from the handshake, themis.md §6.2 and §6.3: always the client's items first. */

import { ByteReader, concatBytes } from "../../bytes/mod.ts";
import { hmacSha256, wipe } from "../../crypto/mod.ts";
import { kdf } from "../kdf.ts";

// Specification.
const SESSION_ID_LABEL = "Themis secure session unique identifier";
const SESSION_ID_LENGTH = 4;
const MASTER_LABEL = "Themis secure session master key";
const CLIENT_KEY_LABEL = "Themis secure session client key";
const SERVER_KEY_LABEL = "Themis secure session server key";
const CLIENT_SEQUENCE_LABEL = "Themis secure session client initial sequence number";
const SERVER_SEQUENCE_LABEL = "Themis secure session server initial sequence number";
const SEQUENCE_LENGTH = 4;
const KEY_LENGTH = 32;

/** Ids and ephemeral key containers of both sides, as they were sent. */
export interface Transcript {
  readonly clientId: Uint8Array;
  readonly clientKey: Uint8Array;
  readonly serverId: Uint8Array;
  readonly serverKey: Uint8Array;
}

/** The first of the derived values. */
export interface SharedSecrets {
  /** Four bytes in the order of the derivation; the wire has them reversed. */
  readonly sessionId: Uint8Array;
  /** A secret: wiped once the traffic keys exist. */
  readonly master: Uint8Array;
}

/** Key and first number of one direction. */
export interface Direction {
  readonly key: Uint8Array;
  readonly firstSequence: number;
}

export interface TrafficSecrets {
  readonly fromClient: Direction;
  readonly fromServer: Direction;
}

/** What the server signs in message 2. */
export function serverSignedData(transcript: Transcript): Uint8Array {
  const { clientId, clientKey, serverId, serverKey } = transcript;
  return concatBytes(serverKey, clientKey, serverId, clientId);
}

/** What the client signs in message 3. */
export function clientSignedData(transcript: Transcript): Uint8Array {
  const { clientId, clientKey, serverId, serverKey } = transcript;
  return concatBytes(clientKey, serverKey, clientId, serverId);
}

/** Derives session id and master key; `agreed` is the x coordinate of the agreement and is wiped. */
export function deriveSharedSecrets(agreed: Uint8Array, transcript: Transcript): SharedSecrets {
  const { clientId, clientKey, serverId, serverKey } = transcript;
  const contexts = [clientKey, serverKey, clientId, serverId];
  const sessionId = kdf(null, SESSION_ID_LABEL, contexts, SESSION_ID_LENGTH);
  const master = kdf(agreed, MASTER_LABEL, [sessionId], KEY_LENGTH);
  wipe(agreed);
  return { sessionId, master };
}

/** The proof of the shared secret that the client sends. */
export function clientProof(secrets: SharedSecrets, transcript: Transcript): Uint8Array {
  return hmacSha256(secrets.master, concatBytes(transcript.serverKey, secrets.sessionId));
}

/** The proof of the shared secret that the server sends. */
export function serverProof(secrets: SharedSecrets, transcript: Transcript): Uint8Array {
  return hmacSha256(secrets.master, concatBytes(transcript.clientKey, secrets.sessionId));
}

/** Derives what the data phase needs. */
export function deriveTrafficSecrets(secrets: SharedSecrets): TrafficSecrets {
  return {
    fromClient: deriveDirection(secrets, CLIENT_KEY_LABEL, CLIENT_SEQUENCE_LABEL),
    fromServer: deriveDirection(secrets, SERVER_KEY_LABEL, SERVER_SEQUENCE_LABEL),
  };
}

function deriveDirection(
  secrets: SharedSecrets,
  keyLabel: string,
  sequenceLabel: string,
): Direction {
  const { master, sessionId } = secrets;
  const sequence = kdf(master, sequenceLabel, [sessionId], SEQUENCE_LENGTH);
  return {
    key: kdf(master, keyLabel, [sessionId], KEY_LENGTH),
    firstSequence: new ByteReader(sequence, "initial sequence number").u32le(),
  };
}
