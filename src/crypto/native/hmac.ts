/** HMAC from the run-time. */

import { createHmac } from "node:crypto";
import type { Primitives } from "../contract.ts";
import { toBytes } from "./view.ts";

/** See {@link Primitives.hmacSha256}. */
export const hmacSha256: Primitives["hmacSha256"] = (key, message) =>
  toBytes(createHmac("sha256", key).update(message).digest());
