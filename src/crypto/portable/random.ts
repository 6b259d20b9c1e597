/** Random bytes from Web Crypto, which gives at most 65 536 at a time. */

import type { Primitives } from "../contract.ts";

const MAXIMUM_REQUEST = 65_536;

/** See {@link Primitives.randomBytes}. */
export const randomBytes: Primitives["randomBytes"] = (length) => {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at += MAXIMUM_REQUEST) {
    crypto.getRandomValues(bytes.subarray(at, at + MAXIMUM_REQUEST));
  }
  return bytes;
};
