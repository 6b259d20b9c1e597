/**
 * The primitives in JavaScript (@noble): for browsers and workers, where there is no `node:crypto`.
 * The single folder that imports @noble. Scalar multiplication in JavaScript takes about 1.5 ms and is
 * not strictly in constant time; servers use the native provider.
 *
 * @module
 */

export { gcmOpen, gcmSeal } from "./gcm.ts";
export { hmacSha256 } from "./hmac.ts";
export { generatePrivate, generateScalar, importPoint, importScalar } from "./p256.ts";
export { randomBytes } from "./random.ts";
