/** The keys of `keys.example`, by their fingerprints: made to be thrown away, public for ever. */

import { createHash } from "node:crypto";

/** SHA-256 of the public key containers. */
const FINGERPRINTS: ReadonlySet<string> = new Set<string>([]);

/** Whether this public key (its container of 45 bytes) belongs to a pair of `keys.example`. */
export function isExampleKey(publicKeyContainer: Uint8Array): boolean {
  return FINGERPRINTS.has(createHash("sha256").update(publicKeyContainer).digest("hex"));
}
