/** Holds the two providers of primitives equal: same answers, same refusals, for any input. */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Primitives } from "./contract.ts";
import * as nativeModule from "./native/mod.ts";
import * as portableModule from "./portable/mod.ts";

const native = nativeModule satisfies Primitives;
const portable = portableModule satisfies Primitives;
const PROVIDERS: readonly (readonly [string, Primitives])[] = [
  ["native", native],
  ["portable", portable],
];

const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
const HALF_ORDER = ORDER >> 1n;
const FIELD_PRIME = 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn;

const bytes = (minLength: number, maxLength = minLength) => fc.uint8Array({ minLength, maxLength });
const aesKey = fc.oneof(bytes(16), bytes(24), bytes(32));

function be256(value: bigint): Uint8Array {
  return Uint8Array.fromHex(value.toString(16).padStart(64, "0"));
}

function scalarOf(provider: Primitives, scalar: Uint8Array) {
  const imported = provider.importScalar(scalar);
  if (imported === null) {
    throw new Error("a valid scalar was refused");
  }
  return imported;
}

function pointOf(provider: Primitives, point: Uint8Array) {
  const imported = provider.importPoint(point);
  if (imported === null) {
    throw new Error("a valid point was refused");
  }
  return imported;
}

describe("Both providers", () => {
  test("compute the same HMAC", () => {
    fc.assert(
      fc.property(bytes(1, 100), bytes(0, 300), (key, message) => {
        expect(native.hmacSha256(key, message)).toEqual(portable.hmacSha256(key, message));
      }),
      { numRuns: 200 },
    );
  });

  test("seal the same and open what the other sealed", () => {
    fc.assert(
      fc.property(aesKey, bytes(12), bytes(0, 200), bytes(0, 40), (key, nonce, plaintext, aad) => {
        const a = native.gcmSeal(key, nonce, plaintext, aad);
        const b = portable.gcmSeal(key, nonce, plaintext, aad);
        expect(a).toEqual(b);
        expect(native.gcmOpen(key, nonce, b.ciphertext, b.tag, aad)).toEqual(plaintext);
        expect(portable.gcmOpen(key, nonce, a.ciphertext, a.tag, aad)).toEqual(plaintext);
      }),
      { numRuns: 200 },
    );
  });

  test("agree on the secret and verify each other's signatures", () => {
    fc.assert(
      fc.property(bytes(0, 80), (message) => {
        const own = native.generateScalar();
        const other = portable.generateScalar();
        const [a, b] = [scalarOf(native, own), scalarOf(portable, own)];
        const [c, d] = [scalarOf(native, other), scalarOf(portable, other)];
        expect(a.point).toEqual(b.point);
        const secret = a.agree(pointOf(native, c.point));
        expect(secret).toHaveLength(32);
        expect(b.agree(pointOf(portable, d.point))).toEqual(secret);
        expect(c.agree(pointOf(native, a.point))).toEqual(secret);
        for (const signature of [a.sign(message), b.sign(message)]) {
          expect(pointOf(native, a.point).verify(message, signature)).toBe(true);
          expect(pointOf(portable, a.point).verify(message, signature)).toBe(true);
        }
      }),
      { numRuns: 12 },
    );
  });

  test("agree with each other's fresh private keys", () => {
    for (let count = 0; count < 12; count++) {
      const [a, b] = [native.generatePrivate(), portable.generatePrivate()];
      const secret = a.agree(pointOf(native, b.point));
      expect(b.agree(pointOf(portable, a.point))).toEqual(secret);
      const message = secret.subarray(0, count);
      expect(pointOf(portable, a.point).verify(message, a.sign(message))).toBe(true);
      expect(pointOf(native, b.point).verify(message, b.sign(message))).toBe(true);
      expect(native.generatePrivate().point).not.toEqual(a.point);
    }
  });

  test("judge damaged signatures alike", () => {
    const scalar = scalarOf(native, native.generateScalar());
    const message = new TextEncoder().encode("message");
    const verifiers = PROVIDERS.map(([, provider]) => pointOf(provider, scalar.point));
    fc.assert(
      fc.property(fc.nat(79), fc.nat(255), fc.boolean(), (at, value, insert) => {
        const signature = [...scalar.sign(message)];
        signature.splice(at, insert ? 0 : 1, value);
        const answers = verifiers.map((key) => key.verify(message, Uint8Array.from(signature)));
        expect(answers[0]).toBe(answers[1] ?? false);
      }),
      { numRuns: 150 },
    );
  });

  test("judge mutated points alike", () => {
    fc.assert(
      fc.property(bytes(32), fc.integer({ min: 0, max: 7 }), fc.boolean(), (x, prefix, long) => {
        const point = Uint8Array.of(prefix, ...x, ...(long ? x : []));
        const [a, b] = [native.importPoint(point), portable.importPoint(point)];
        expect(a?.point).toEqual(b?.point);
      }),
      { numRuns: 200 },
    );
  });
});

describe.each(PROVIDERS)("The %s provider", (_name, provider) => {
  const one = be256(1n);
  const aad = new Uint8Array();

  test("takes scalars in 1 … n−1 of exactly 32 bytes", () => {
    for (const good of [1n, 2n, HALF_ORDER, ORDER - 1n]) {
      expect(provider.importScalar(be256(good))?.point).toHaveLength(33);
    }
    for (const bad of [0n, ORDER, ORDER + 1n, 2n ** 256n - 1n]) {
      expect(provider.importScalar(be256(bad))).toBeNull();
    }
    for (const length of [0, 31, 33]) {
      expect(provider.importScalar(new Uint8Array(length).fill(1))).toBeNull();
    }
  });

  test("generates scalars of 32 bytes, leading zeros kept", () => {
    for (let count = 0; count < 1000; count++) {
      expect(provider.generateScalar()).toHaveLength(32);
    }
  });

  test("reads a point in both forms and refuses every other", () => {
    const { point } = scalarOf(provider, one);
    const uncompressed = Uint8Array.fromHex(
      "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296" +
        "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5",
    );
    expect(provider.importPoint(uncompressed)?.point).toEqual(point);
    expect(provider.importPoint(point)?.point).toEqual(point);
    const hybrid = uncompressed.with(0, 0x07);
    const offCurve = uncompressed.with(64, 0xf4);
    const bigX = Uint8Array.of(2, ...be256(FIELD_PRIME + 5n));
    const infinity = [Uint8Array.of(0), new Uint8Array(33), new Uint8Array(65)];
    const cut = [point.subarray(0, 32), uncompressed.subarray(0, 64), uncompressed.subarray(1)];
    for (const bad of [hybrid, offCurve, bigX, ...infinity, ...cut]) {
      expect(provider.importPoint(bad)).toBeNull();
    }
  });

  test("keeps leading zeros of a secret", () => {
    const key = scalarOf(provider, one);
    for (let factor = 1n; factor < 2000n; factor++) {
      const { point } = scalarOf(native, be256(factor));
      if (point[1] === 0) {
        expect(key.agree(pointOf(provider, point))).toEqual(point.subarray(1));
        return;
      }
    }
    throw new Error("no small multiple with a leading zero");
  });

  test("verifies high s, and refuses another message, surplus and non-minimal DER", () => {
    const key = scalarOf(provider, be256(7n));
    const message = new TextEncoder().encode("message");
    const signature = key.sign(message);
    const verifier = pointOf(provider, key.point);
    const [r, s] = splitDer(signature);
    const high = joinDer(r, s > HALF_ORDER ? s : ORDER - s);
    const low = joinDer(r, s > HALF_ORDER ? ORDER - s : s);
    expect(verifier.verify(message, high)).toBe(true);
    expect(verifier.verify(message, low)).toBe(true);
    expect(verifier.verify(message.subarray(1), signature)).toBe(false);
    const surplus = Uint8Array.of(...signature, 0);
    const longForm = Uint8Array.of(0x30, 0x81, ...signature.subarray(1));
    const trailing = Uint8Array.of(0x30, (signature[1] ?? 0) + 1, ...signature.subarray(2), 0);
    for (const bad of [surplus, longForm, trailing, signature.subarray(1), new Uint8Array()]) {
      expect(verifier.verify(message, bad)).toBe(false);
    }
  });

  test("opens nothing with a tag of another length, a changed tag or other data", () => {
    const key = new Uint8Array(32).fill(1);
    const nonce = new Uint8Array(12).fill(2);
    const { ciphertext, tag } = provider.gcmSeal(key, nonce, Uint8Array.of(1, 2, 3), aad);
    expect(provider.gcmOpen(key, nonce, ciphertext, tag, aad)).toEqual(Uint8Array.of(1, 2, 3));
    for (const length of [0, 4, 12, 15]) {
      expect(provider.gcmOpen(key, nonce, ciphertext, tag.subarray(0, length), aad)).toBeNull();
    }
    const changed = tag.with(15, (tag[15] ?? 0) ^ 1);
    expect(provider.gcmOpen(key, nonce, ciphertext, changed, aad)).toBeNull();
    expect(provider.gcmOpen(key, nonce, ciphertext, tag, Uint8Array.of(0))).toBeNull();
    const joined = Uint8Array.of(...ciphertext, ...tag);
    for (const border of [2, 4]) {
      const [front, back] = [joined.subarray(0, border), joined.subarray(border)];
      expect(provider.gcmOpen(key, nonce, front, back, aad)).toBeNull();
    }
    expect(() => provider.gcmSeal(key.subarray(1), nonce, ciphertext, aad)).toThrow();
  });

  test("draws different random bytes of any length", () => {
    expect(provider.randomBytes(70_000)).toHaveLength(70_000);
    expect(provider.randomBytes(32)).not.toEqual(provider.randomBytes(32));
    expect(provider.randomBytes(70_000).subarray(-32)).not.toEqual(new Uint8Array(32));
  });
});

function splitDer(signature: Uint8Array): readonly [bigint, bigint] {
  const length = signature[3] ?? 0;
  const r = signature.subarray(4, 4 + length);
  const s = signature.subarray(6 + length);
  return [BigInt(`0x${r.toHex()}`), BigInt(`0x${s.toHex()}`)];
}

function joinDer(...numbers: readonly bigint[]): Uint8Array {
  const body = numbers.flatMap((number) => {
    const digits = number.toString(16);
    const magnitude = [...Uint8Array.fromHex(digits.length % 2 === 0 ? digits : `0${digits}`)];
    const integer = (magnitude[0] ?? 0) >= 0x80 ? [0, ...magnitude] : magnitude;
    return [0x02, integer.length, ...integer];
  });
  return Uint8Array.of(0x30, body.length, ...body);
}
