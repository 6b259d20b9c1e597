/**
 * The four messages of the handshake, themis.md §6.2. All are containers behind which more bytes may
 * follow: peers built on the Go wrapper pad them, so those are ignored (ibid., "Surplus bytes").
 */

import { ByteReader, concatBytes } from "../../bytes/mod.ts";
import { decodeContainer, encodeContainer } from "../container.ts";
import { decodePublicKey, type PublicKey } from "../keys.ts";

// Specification.
const MESSAGE_TAG = "TSPM";
const ID_TAG = "TSID";
const KEY_TAG = "UEC2";
const MAC_LENGTH = 32;

/** Messages 1 and 2: who speaks, with which key for this session, signed. */
export interface Introduction {
  readonly id: Uint8Array;
  /** The container of the ephemeral key exactly as sent: signatures and derivations cover these bytes. */
  readonly keyBytes: Uint8Array;
  readonly signature: Uint8Array;
}

/** An introduction as received: its ephemeral key lies on the curve. */
export interface ReceivedIntroduction extends Introduction {
  readonly key: PublicKey;
}

/** Message 3: the client's signature over both sides, and its proof of the shared secret. */
export interface Proof {
  readonly signature: Uint8Array;
  readonly mac: Uint8Array;
}

export function encodeIntroduction(message: Introduction): Uint8Array {
  const id = encodeContainer(ID_TAG, message.id);
  return encodeContainer(MESSAGE_TAG, concatBytes(id, message.keyBytes, message.signature));
}

/** @throws FormatError when a container, the id, the key or the place of the signature is wrong. */
export function decodeIntroduction(bytes: Uint8Array): ReceivedIntroduction {
  const { payload } = decodeContainer(bytes, MESSAGE_TAG, { prefix: true });
  const reader = new ByteReader(payload, "session introduction");
  const id = decodeContainer(payload, ID_TAG, { prefix: true });
  if (id.payload.length === 0) {
    reader.fail("empty id");
  }
  reader.bytes(id.length);
  const behindId = payload.subarray(reader.offset);
  const keyBytes = reader.bytes(decodeContainer(behindId, KEY_TAG, { prefix: true }).length);
  const key = decodePublicKey(keyBytes);
  const signature = reader.rest();
  if (signature.length === 0) {
    reader.fail("no signature");
  }
  return {
    id: id.payload.slice(),
    keyBytes: keyBytes.slice(),
    key,
    signature: signature.slice(),
  };
}

export function encodeProof(message: Proof): Uint8Array {
  return encodeContainer(MESSAGE_TAG, concatBytes(message.signature, message.mac));
}

/** @throws FormatError when there is no room for a signature before the 32 bytes of the proof. */
export function decodeProof(bytes: Uint8Array): Proof {
  const { payload } = decodeContainer(bytes, MESSAGE_TAG, { prefix: true });
  const reader = new ByteReader(payload, "session proof");
  if (reader.remaining <= MAC_LENGTH) {
    reader.fail("no signature");
  }
  const signature = reader.bytes(reader.remaining - MAC_LENGTH);
  return { signature, mac: reader.rest() };
}

/** Message 4: the server's proof of the shared secret, 32 bytes. */
export function encodeFinish(mac: Uint8Array): Uint8Array {
  return encodeContainer(MESSAGE_TAG, mac);
}

/** @throws FormatError unless exactly 32 bytes are inside: fewer would prove less (§9.2). */
export function decodeFinish(bytes: Uint8Array): Uint8Array {
  const { payload } = decodeContainer(bytes, MESSAGE_TAG, { prefix: true });
  const reader = new ByteReader(payload, "session finish");
  const mac = reader.bytes(MAC_LENGTH);
  reader.end();
  return mac;
}
