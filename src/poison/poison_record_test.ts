/** Poison records. */

import { describe, expect, test } from "bun:test";
import {
  base64,
  forEachVector,
  information,
  number,
  readVector,
  text,
  utf8,
} from "../../test/vectors/vectors.ts";
import { openAcraStruct, sealAcraStruct } from "../acrastruct/mod.ts";
import { concatBytes } from "../bytes/mod.ts";
import { decodePrivateKey, decodePublicKey, generatePrivateKey } from "../themis/mod.ts";
import { isPoisonRecord, sealPoisonRecord } from "./mod.ts";

const vectors = readVector("acra", "poison", {
  private_key_b64: base64,
  public_key_b64: base64,
  records: information,
  not_poison: information,
  with_zone_context: information,
});
const poisonKey = decodePrivateKey(vectors.private_key_b64);
const poisonPublicKey = decodePublicKey(vectors.public_key_b64);

const RECORD_FIELDS = {
  requested_length: number,
  payload_length: number,
  payload_b64: base64,
  acrastruct_b64: base64,
  stdout: text,
};

forEachVector("acra", "poison.records", RECORD_FIELDS, (vector) => {
  const record = vector.acrastruct_b64;
  expect(isPoisonRecord(record, 0, poisonKey)).toBe(true);
  expect(isPoisonRecord(concatBytes(Uint8Array.of(1), record), 1, poisonKey)).toBe(true);
  expect(openAcraStruct(record, poisonKey)).toEqual(vector.payload_b64);
  expect(vector.payload_b64).toHaveLength(vector.payload_length);
  const wanted = vector.requested_length;
  expect(wanted === -1 ? vector.payload_length <= 99 : vector.payload_length === wanted).toBe(true);
});

forEachVector("acra", "poison.not_poison", { name: text, acrastruct_b64: base64 }, (vector) => {
  expect(isPoisonRecord(vector.acrastruct_b64, 0, poisonKey)).toBe(false);
});

test("a record made with a zone's context is recognised by its key block", () => {
  const vector = readVector("acra", "poison.with_zone_context", {
    note: text,
    context_utf8: utf8,
    acrastruct_b64: base64,
    original_082: information,
    required: text,
  });
  expect(vector.required).toBe("recognised everywhere");
  expect(isPoisonRecord(vector.acrastruct_b64, 0, poisonKey)).toBe(true);
});

describe("isPoisonRecord", () => {
  const record = sealPoisonRecord(poisonPublicKey, 3);

  test("needs nothing behind the header", () => {
    expect(isPoisonRecord(record.subarray(0, 145), 0, poisonKey)).toBe(true);
    expect(isPoisonRecord(record.subarray(0, 144), 0, poisonKey)).toBe(false);
    expect(isPoisonRecord(record.with(140, 0xff), 0, poisonKey)).toBe(true);
  });

  test("knows its own key's records only", () => {
    const other = generatePrivateKey();
    expect(isPoisonRecord(record, 0, other)).toBe(false);
    expect(isPoisonRecord(sealAcraStruct(Uint8Array.of(1), other.publicKey), 0, poisonKey)).toBe(
      false,
    );
    expect(isPoisonRecord(record, 1, poisonKey)).toBe(false);
  });
});

describe("sealPoisonRecord", () => {
  test("draws a payload of the length asked for", () => {
    const [one, two] = [1, 2].map(() =>
      openAcraStruct(sealPoisonRecord(poisonPublicKey, 40), poisonKey),
    );
    expect(one).toHaveLength(40);
    expect(one).not.toEqual(two);
  });

  test("draws lengths of 1 to 99 when none is asked for", () => {
    const lengths = Array.from(
      { length: 600 },
      () => sealPoisonRecord(poisonPublicKey).length - 189,
    );
    expect(Math.min(...lengths)).toBeGreaterThanOrEqual(1);
    expect(Math.max(...lengths)).toBeLessThanOrEqual(99);
    expect(new Set(lengths).size).toBeGreaterThan(80);
  });

  test("refuses lengths that are not whole numbers of 1 or more", () => {
    for (const length of [0, -1, 1.5, Number.NaN]) {
      expect(() => sealPoisonRecord(poisonPublicKey, length)).toThrow("poison record");
    }
  });
});
