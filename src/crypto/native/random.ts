/** Random bytes from the run-time. */

import { randomFillSync } from "node:crypto";
import type { Primitives } from "../contract.ts";

/** See {@link Primitives.randomBytes}. */
export const randomBytes: Primitives["randomBytes"] = (length) =>
  randomFillSync(new Uint8Array(length));
