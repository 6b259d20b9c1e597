/**
 * The primitives of the run-time (BoringSSL under Bun, OpenSSL under Node): the fast provider and
 * the one in constant time. The single place below the pure line that imports `node:crypto`.
 *
 * @module
 */

export { gcmOpen, gcmSeal } from "./gcm.ts";
export { hmacSha256 } from "./hmac.ts";
export { generatePrivate, generateScalar, importPoint, importScalar } from "./p256.ts";
export { randomBytes } from "./random.ts";
