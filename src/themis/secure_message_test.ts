/** Secure Message. */

import { describe, expect, test } from "bun:test";
import {
  forEachVector,
  hex,
  information,
  optional,
  plaintext,
  readVector,
  text,
} from "../../test/vectors/vectors.ts";
import { FormatError } from "../bytes/mod.ts";
import { DecryptError } from "../crypto/mod.ts";
import { kdf } from "./kdf.ts";
import { decodePrivateKey, decodePublicKey, generatePrivateKey } from "./keys.ts";
import { sealCell } from "./secure_cell.ts";
import { openMessage, sealMessage, sealMessageWith } from "./secure_message.ts";

const MESSAGE_FIELDS = {
  name: text,
  sender_private: hex,
  sender_public: hex,
  recipient_private: hex,
  recipient_public: hex,
  shared_secret: hex,
  plaintext,
  iv: hex,
  cell_key: hex,
  encrypted: hex,
};

/** Flipped places of each message: enough to meet every field, few enough for slow arithmetic. */
const FLIPS = 12;

forEachVector("themis", "message", MESSAGE_FIELDS, (message) => {
  const sender = decodePrivateKey(message.sender_private);
  const recipient = decodePrivateKey(message.recipient_private);
  const senderPublic = decodePublicKey(message.sender_public);
  const recipientPublic = decodePublicKey(message.recipient_public);
  const { encrypted } = message;
  expect(recipient.agree(senderPublic)).toEqual(message.shared_secret);
  const contexts = [encrypted.subarray(20, 24)];
  const cellKey = kdf(message.shared_secret, "Themis secure cell message key", contexts, 32);
  expect(cellKey).toEqual(message.cell_key);
  expect(openMessage(recipient, senderPublic, encrypted)).toEqual(message.plaintext);
  expect(openMessage(sender, recipientPublic, encrypted)).toEqual(message.plaintext);
  const sealed = sealMessageWith(() => message.iv, sender, recipientPublic, message.plaintext);
  expect(sealed).toEqual(encrypted);
  const step = Math.ceil(encrypted.length / FLIPS);
  for (let index = 0; index < encrypted.length; index += step) {
    const flipped = encrypted.with(index, (encrypted[index] ?? 0) ^ (1 << (index % 8)));
    expectRefused(() => openMessage(recipient, senderPublic, flipped));
  }
});

const OLD_FIELDS = {
  name: text,
  recipient_private: hex,
  sender_public: hex,
  plaintext,
  encrypted: hex,
  original: information,
  note: text,
};

forEachVector("themis", "message_decrypt_only", OLD_FIELDS, (message) => {
  const own = decodePrivateKey(message.recipient_private);
  const peer = decodePublicKey(message.sender_public);
  expect(openMessage(own, peer, message.encrypted)).toEqual(message.plaintext);
});

const REJECT_FIELDS = {
  name: text,
  private: hex,
  public: hex,
  encrypted: hex,
  reason: text,
  original: information,
  accepted_by: information,
};

forEachVector("themis", "message_reject", REJECT_FIELDS, (message) => {
  expectRefused(() =>
    openMessage(
      decodePrivateKey(message.private),
      decodePublicKey(message.public),
      message.encrypted,
    ),
  );
});

test("message_reject starts from a message of which every changed byte is refused", () => {
  const fields = { recipient_private: hex, sender_public: hex, plaintext, encrypted: hex };
  const base = readVector("themis", "message_reject_base", fields);
  const own = decodePrivateKey(base.recipient_private);
  const peer = decodePublicKey(base.sender_public);
  expect(openMessage(own, peer, base.encrypted)).toEqual(base.plaintext);
  for (const [index, byte] of base.encrypted.entries()) {
    const flipped = base.encrypted.with(index, byte ^ (1 << (index % 8)));
    expectRefused(() => openMessage(own, peer, flipped));
  }
});

const PRODUCING_FIELDS = {
  operation: text,
  key: optional(hex),
  context: information,
  plaintext: optional(hex),
  private: optional(hex),
  public: optional(hex),
  id: information,
  reason: text,
  original: information,
};

/** The operations on sessions are refused by the tests of Secure Session. */
forEachVector("themis", "encrypt_reject", PRODUCING_FIELDS, (vector) => {
  const { operation, key, private: own, public: peer, plaintext: message } = vector;
  if (operation === "seal" && key !== undefined && message !== undefined) {
    expect(() => sealCell(key, message)).toThrow(RangeError);
  } else if (operation === "message" && own && peer && message) {
    const seal = () => sealMessage(decodePrivateKey(own), decodePublicKey(peer), message);
    expect(seal).toThrow(message.length === 0 ? RangeError : FormatError);
  } else {
    expect(operation).toStartWith("session");
  }
});

describe("Secure Message", () => {
  const [own, peer] = [generatePrivateKey(), generatePrivateKey()];
  const message = new TextEncoder().encode("message");
  const sealed = sealMessage(own, peer.publicKey, message);

  test("opens for both parties and for nobody else", () => {
    expect(sealed).toHaveLength(message.length + 52);
    expect(openMessage(peer, own.publicKey, sealed)).toEqual(message);
    expect(openMessage(own, peer.publicKey, sealed)).toEqual(message);
    const stranger = generatePrivateKey();
    expect(() => openMessage(stranger, own.publicKey, sealed)).toThrow(DecryptError);
  });

  test("is refused with another type, whatever the content", () => {
    for (const type of [0x26042710, 0x26042610, 0x26042620]) {
      const typed = Uint8Array.from(sealed);
      new DataView(typed.buffer).setUint32(0, type, true);
      expect(() => openMessage(peer, own.publicKey, typed)).toThrow(FormatError);
    }
  });
});

function expectRefused(open: () => Uint8Array): void {
  let refusal: unknown = null;
  try {
    open();
  } catch (error) {
    refusal = error;
  }
  const known = refusal instanceof FormatError || refusal instanceof DecryptError;
  expect(known, `refused with ${String(refusal)}`).toBe(true);
}
