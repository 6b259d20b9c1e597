/** Random bytes from the run-time. */

import { webcrypto } from "node:crypto";
import type { Primitives } from "../contract.ts";

/** What one call of `getRandomValues` gives at most. */
const MAXIMUM_BYTES = 65_536;

/** See {@link Primitives.randomBytes}. `randomFillSync` asks the same generator at twenty times the cost. */
export const randomBytes: Primitives["randomBytes"] = (length) => {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at += MAXIMUM_BYTES) {
    webcrypto.getRandomValues(
      length <= MAXIMUM_BYTES ? bytes : bytes.subarray(at, at + MAXIMUM_BYTES),
    );
  }
  return bytes;
};
