/** HMAC in JavaScript. */

import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import type { Primitives } from "../contract.ts";

/** See {@link Primitives.hmacSha256}. */
export const hmacSha256: Primitives["hmacSha256"] = (key, message) => hmac(sha256, key, message);
