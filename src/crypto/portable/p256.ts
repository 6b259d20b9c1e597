/** P-256 in JavaScript. Points stay decoded, so that only their import pays for the square root. */

import { p256 } from "@noble/curves/nist.js";
import type { Primitives, PrivateScalar, PublicPoint } from "../contract.ts";
import { compressPoint, drawScalar, hasPointForm, isScalar } from "../p256.ts";
import { randomBytes } from "./random.ts";

type CurvePoint = ReturnType<typeof p256.Point.fromBytes>;

/** DER, and high s as good as low s: with noble's defaults half of all honest signatures fail. */
const SIGNATURE = { format: "der", lowS: false } as const;

/** See {@link Primitives.generateScalar}. */
export const generateScalar: Primitives["generateScalar"] = () => drawScalar(randomBytes);

/** See {@link Primitives.generatePrivate}. */
export const generatePrivate: Primitives["generatePrivate"] = () =>
  new PortableScalar(generateScalar());

/** See {@link Primitives.importScalar}. */
export const importScalar: Primitives["importScalar"] = (scalar) =>
  isScalar(scalar) ? new PortableScalar(scalar.slice()) : null;

/** See {@link Primitives.importPoint}. */
export const importPoint: Primitives["importPoint"] = (point) => {
  if (!hasPointForm(point)) {
    return null;
  }
  try {
    return new PortablePoint(compressPoint(point), p256.Point.fromBytes(point));
  } catch {
    return null;
  }
};

class PortablePoint implements PublicPoint {
  readonly point: Uint8Array;
  readonly #decoded: CurvePoint;

  constructor(point: Uint8Array, decoded: CurvePoint) {
    this.point = point;
    this.#decoded = decoded;
  }

  verify(message: Uint8Array, signature: Uint8Array): boolean {
    try {
      return p256.verify(signature, message, this.point, SIGNATURE);
    } catch {
      return false;
    }
  }

  /** The decoded point; one of the other provider is the caller's mistake. */
  static decodedOf(point: PublicPoint): CurvePoint {
    if (!(point instanceof PortablePoint)) {
      throw new TypeError("The point was made by another provider of primitives");
    }
    return point.#decoded;
  }
}

class PortableScalar implements PrivateScalar {
  readonly point: Uint8Array;
  readonly #scalar: Uint8Array;

  constructor(scalar: Uint8Array) {
    this.point = p256.getPublicKey(scalar, true);
    this.#scalar = scalar;
  }

  agree(peer: PublicPoint): Uint8Array {
    const factor = p256.Point.Fn.fromBytes(this.#scalar);
    return PortablePoint.decodedOf(peer).multiply(factor).toBytes(true).slice(1);
  }

  sign(message: Uint8Array): Uint8Array {
    return p256.sign(message, this.#scalar, SIGNATURE);
  }
}
