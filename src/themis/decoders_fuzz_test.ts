/** Properties of the decoders: whatever the bytes, the answer is a value or one of two errors. */

import { expect, test } from "bun:test";
import fc from "fast-check";
import { mutated, runs } from "../../test/vectors/mutate.ts";
import { FormatError } from "../bytes/mod.ts";
import { DecryptError } from "../crypto/mod.ts";
import { decodeContainer, encodeContainer } from "./container.ts";
import { decodePrivateKey, decodePublicKey, generateKeyPair } from "./keys.ts";
import { decodeCell, hasCellForm, openCell, sealCell } from "./secure_cell.ts";
import { openMessage, sealMessage } from "./secure_message.ts";

const pair = generateKeyPair();
const own = decodePrivateKey(pair.privateKey);
const context = Uint8Array.of(1, 2, 3);
const cellKey = new Uint8Array(32).fill(9);
const cells = [1, 16, 100].map((length) => sealCell(cellKey, new Uint8Array(length), context));
const message = sealMessage(own, own.publicKey, new Uint8Array(32));

/** The value, or `null` for a refusal; any other error fails the property. */
function attempt<T>(decode: () => T): T | null {
  try {
    return decode();
  } catch (error) {
    if (error instanceof FormatError || error instanceof DecryptError) {
      return null;
    }
    throw error;
  }
}

test("decodeContainer answers a container that encodes to the same bytes, or FormatError", () => {
  const valid = [pair.publicKey, encodeContainer("UEC2", new Uint8Array()), pair.privateKey];
  fc.assert(
    fc.property(mutated(...valid), fc.boolean(), (bytes, prefix) => {
      const container = attempt(() => decodeContainer(bytes, "UEC2", { prefix }));
      if (container !== null) {
        expect(encodeContainer("UEC2", container.payload)).toEqual(
          bytes.subarray(0, container.length),
        );
      }
    }),
    runs(15_000),
  );
});

test("keys of any payload decode to a key or FormatError", () => {
  const payloads = [pair.publicKey.slice(12), pair.privateKey.slice(12)];
  fc.assert(
    fc.property(mutated(...payloads), (payload) => {
      attempt(() => decodePrivateKey(encodeContainer("REC2", payload)));
      const key = attempt(() => decodePublicKey(encodeContainer("UEC2", payload)));
      if (key !== null && payload.length === 33) {
        expect<Uint8Array>(key.container.subarray(12)).toEqual(payload);
      }
    }),
    runs(2_500),
  );
});

test("bytes decode to a key or FormatError", () => {
  fc.assert(
    fc.property(mutated(pair.publicKey, pair.privateKey), (bytes) => {
      attempt(() => decodePublicKey(bytes));
      attempt(() => decodePrivateKey(bytes));
    }),
    runs(10_000),
  );
});

test("no changed cell opens, and its form is judged alike in all places", () => {
  fc.assert(
    fc.property(mutated(...cells), (bytes) => {
      const isValid = cells.some((cell) => Buffer.compare(cell, bytes) === 0);
      expect(attempt(() => openCell(cellKey, bytes, context)) !== null).toBe(isValid);
      expect(attempt(() => decodeCell(bytes)) !== null).toBe(hasCellForm(bytes));
    }),
    runs(20_000),
  );
});

test("no changed message opens", () => {
  fc.assert(
    fc.property(mutated(message), (bytes) => {
      const isValid = Buffer.compare(message, bytes) === 0;
      expect(attempt(() => openMessage(own, own.publicKey, bytes)) !== null).toBe(isValid);
    }),
    runs(2_500),
  );
});
