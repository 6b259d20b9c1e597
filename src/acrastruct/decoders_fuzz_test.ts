/** Properties of opening: whatever stands in a cell, nothing is thrown and nothing forged opens. */

import { expect, test } from "bun:test";
import fc from "fast-check";
import { mutated, runs } from "../../test/vectors/mutate.ts";
import { concatBytes } from "../bytes/mod.ts";
import { generatePrivateKey } from "../themis/mod.ts";
import {
  ACRASTRUCT_TAG,
  AcraStructError,
  findAcraStructTag,
  looksLikeAcraStruct,
  openAcraStruct,
  sealAcraStruct,
  takeAcraStruct,
  unwrapDataKey,
} from "./mod.ts";

const key = generatePrivateKey();
const sealed = [1, 64].map((length) => sealAcraStruct(new Uint8Array(length), key.publicKey));
const inACell = sealed.map((bytes) => concatBytes(ACRASTRUCT_TAG, bytes, Uint8Array.of(0x22)));

test("no changed AcraStruct opens, and every refusal is an AcraStructError", () => {
  fc.assert(
    fc.property(mutated(...sealed), (bytes) => {
      const isValid = sealed.some((whole) => Buffer.compare(whole, bytes) === 0);
      try {
        openAcraStruct(bytes, key);
        expect(isValid).toBe(true);
      } catch (error) {
        expect(error).toBeInstanceOf(AcraStructError);
        expect(isValid).toBe(false);
      }
    }),
    runs(2_500),
  );
});

test("takeAcraStruct and unwrapDataKey never throw and never go beyond the bytes", () => {
  fc.assert(
    fc.property(mutated(...inACell), fc.nat(20), (bytes, offset) => {
      const taken = takeAcraStruct(bytes, offset, key);
      const dataKey = unwrapDataKey(bytes, offset, key);
      if (taken !== null) {
        expect(offset + taken.length).toBeLessThanOrEqual(bytes.length);
        expect(dataKey).toHaveLength(32);
        expect(openAcraStruct(bytes.subarray(offset, offset + taken.length), key)).toEqual(
          taken.plaintext,
        );
      }
      expect(looksLikeAcraStruct(bytes, offset) || dataKey === null).toBe(true);
    }),
    runs(2_500),
  );
});

test("findAcraStructTag finds the same as a plain search", () => {
  const quotes = fc.array(fc.constantFrom(0x22, 0x22, 0x22, 0x22, 0x22, 0x22, 0x22, 0x21), {
    maxLength: 64,
  });
  fc.assert(
    fc.property(quotes, fc.nat(70), (values, from) => {
      const bytes = Uint8Array.from(values);
      const plain = Buffer.from(bytes).indexOf(ACRASTRUCT_TAG, from);
      expect(findAcraStructTag(bytes, from)).toBe(plain);
    }),
    runs(5_000),
  );
});
