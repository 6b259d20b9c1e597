/**
 * Eight primitives behind one contract, and what every user of them needs besides: a comparison in
 * constant time, wiping, and the one error for what does not authenticate. Which provider stands
 * behind `#primitives` is decided by the import condition, never by a flag (DESIGN §3).
 *
 * @module
 */

export {
  gcmOpen,
  gcmSeal,
  generatePrivate,
  generateScalar,
  hmacSha256,
  importPoint,
  importScalar,
  randomBytes,
} from "#primitives";
export type { GcmSealed, Primitives, PrivateScalar, PublicPoint } from "./contract.ts";
export { DecryptError } from "./decrypt_error.ts";
export { equalBytes } from "./equal.ts";
export { wipe } from "./wipe.ts";
