/** Both providers of the primitives must judge alike whatever they are given. */

import { concatBytes } from "../../../src/bytes/mod.ts";
import * as native from "../../../src/crypto/native/mod.ts";
import * as portable from "../../../src/crypto/portable/mod.ts";
import { ascii, demand, type FuzzTarget } from "../target.ts";

const MESSAGE = ascii("message");
const scalar = new Uint8Array(32).fill(1);
const nativeKey = native.importScalar(scalar);
const portableKey = portable.importScalar(scalar);
const signature = portableKey?.sign(MESSAGE) ?? new Uint8Array();
const point = portableKey?.point ?? new Uint8Array();
const UNCOMPRESSED = Uint8Array.fromHex(
  "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5",
);

/** Points, scalars and signatures; the first byte chooses. */
export const PRIMITIVES: FuzzTarget = {
  name: "primitives",
  weight: 4,
  maximumLength: 128,
  allocation: { largest: 4096, total: 64 * 1024 },
  seeds: [
    concatBytes(Uint8Array.of(0), point),
    concatBytes(Uint8Array.of(0), UNCOMPRESSED),
    concatBytes(Uint8Array.of(1), scalar),
    concatBytes(Uint8Array.of(2), signature),
  ],
  dictionary: ["\x30", "\x02\x20", "\x02\x21\0", "\x02\x01\0", "\x81", "\x80"].map(ascii),
  run(input) {
    const bytes = input.subarray(1);
    switch ((input[0] ?? 0) % 3) {
      case 0: {
        const [a, b] = [native.importPoint(bytes), portable.importPoint(bytes)];
        demand(a?.point.toHex() === b?.point.toHex(), "a point is read in two ways");
        break;
      }
      case 1: {
        const [a, b] = [native.importScalar(bytes), portable.importScalar(bytes)];
        demand(a?.point.toHex() === b?.point.toHex(), "a scalar is read in two ways");
        break;
      }
      default: {
        const a = native.importPoint(point)?.verify(MESSAGE, bytes);
        const b = portable.importPoint(point)?.verify(MESSAGE, bytes);
        demand(a === b && nativeKey !== null, "a signature is judged in two ways");
      }
    }
  },
};
