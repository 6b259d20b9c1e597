/** Short names for public keys, to be compared by people. */

import { createHash } from "node:crypto";
import type { PublicKey } from "../themis/mod.ts";

/** SHA-256 of the 45-byte container, in hexadecimal; the same for both ways of writing the point. */
export function fingerprintOf(publicKey: PublicKey): string {
  return createHash("sha256").update(publicKey.container).digest("hex");
}
