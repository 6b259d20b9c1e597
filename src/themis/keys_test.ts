/** Keys: containers, prepared objects, agreement, signatures. */

import { describe, expect, test } from "bun:test";
import {
  forEachVector,
  hex,
  information,
  optional,
  readVectors,
  text,
} from "../../test/vectors/vectors.ts";
import { concatBytes, FormatError } from "../bytes/mod.ts";
import { encodeContainer } from "./container.ts";
import { decodePrivateKey, decodePublicKey, generateKeyPair, generatePrivateKey } from "./keys.ts";

const PAIR_FIELDS = {
  name: text,
  private: hex,
  public: hex,
  scalar: hex,
  x: hex,
  y: hex,
  note: optional(text),
};

forEachVector("themis", "keys.pairs", PAIR_FIELDS, (pair) => {
  const parity = 2 + ((pair.y[31] ?? 0) & 1);
  const compressed = concatBytes(Uint8Array.of(parity), pair.x);
  expect(encodeContainer("REC2", concatBytes(Uint8Array.of(0), pair.scalar))).toEqual(pair.private);
  expect(encodeContainer("UEC2", compressed)).toEqual(pair.public);
  expect<Uint8Array>(decodePrivateKey(pair.private).publicKey.container).toEqual(pair.public);
  const publicKey = decodePublicKey(pair.public);
  expect<Uint8Array>(publicKey.container).toEqual(pair.public);
  expect(publicKey.point.point).toEqual(compressed);
  for (const container of [pair.private, pair.public]) {
    for (let index = 0; index < container.length; index++) {
      const flipped = container.with(index, (container[index] ?? 0) ^ (1 << (index % 8)));
      expect(() => decodePrivateKey(flipped)).toThrow(FormatError);
      expect(() => decodePublicKey(flipped)).toThrow(FormatError);
    }
  }
});

const pairs = new Map(
  readVectors("themis", "keys.pairs", PAIR_FIELDS).map((pair) => [pair.name, pair]),
);

const ALTERNATE_FIELDS = { name: text, kind: text, hex, same_key_as: text, note: text };

forEachVector("themis", "keys.alternate", ALTERNATE_FIELDS, (alternate) => {
  const key =
    alternate.kind === "public"
      ? decodePublicKey(alternate.hex)
      : decodePrivateKey(alternate.hex).publicKey;
  expect<Uint8Array | undefined>(key.container).toEqual(pairs.get(alternate.same_key_as)?.public);
});

const INVALID_FIELDS = {
  name: text,
  kind: text,
  hex,
  reason: text,
  original: information,
  accepted_by: information,
};

forEachVector("themis", "keys.invalid", INVALID_FIELDS, ({ kind, hex: bytes }) => {
  expect(() => {
    kind === "public" ? decodePublicKey(bytes) : decodePrivateKey(bytes);
  }).toThrow(FormatError);
});

const ECDH_FIELDS = { name: text, private: hex, public: hex, secret: hex, note: optional(text) };

forEachVector("themis", "ecdh", ECDH_FIELDS, (vector) => {
  const key = decodePrivateKey(vector.private);
  expect(key.agree(decodePublicKey(vector.public))).toEqual(vector.secret);
});

describe("A generated key", () => {
  test("is a pair of 45-byte containers that fit together", () => {
    const pair = generateKeyPair();
    expect(pair.privateKey).toHaveLength(45);
    expect(decodePrivateKey(pair.privateKey).publicKey.container).toEqual(pair.publicKey);
    expect(generateKeyPair().publicKey).not.toEqual(pair.publicKey);
  });

  test("agrees on one secret with its peer", () => {
    const [own, peer] = [generatePrivateKey(), generatePrivateKey()];
    expect(own.agree(peer.publicKey)).toEqual(peer.agree(own.publicKey));
  });

  test("signs what its public twin verifies, and nothing else", () => {
    const key = generatePrivateKey();
    const message = Uint8Array.of(1, 2, 3);
    const signature = key.sign(message);
    expect(key.publicKey.verify(message, signature)).toBe(true);
    expect(decodePublicKey(key.publicKey.container).verify(message, signature)).toBe(true);
    expect(key.publicKey.verify(Uint8Array.of(1, 2, 4), signature)).toBe(false);
    expect(generatePrivateKey().publicKey.verify(message, signature)).toBe(false);
  });

  test("shows no secret when it is printed", () => {
    const { privateKey } = generateKeyPair();
    const printed = Bun.inspect(decodePrivateKey(privateKey), { depth: 9 });
    expect(printed).not.toContain([...privateKey.subarray(20, 30)].join(", "));
  });
});
