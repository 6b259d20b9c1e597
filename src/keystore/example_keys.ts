/** The keys of `keys.example`, by their fingerprints: made to be thrown away, public for ever. */

import { createHash } from "node:crypto";

/** SHA-256 of the public key containers. */
const FINGERPRINTS: ReadonlySet<string> = new Set([
  // testclientid_server.pub, testclientid.pub, testclientid_storage.pub
  "60839a0c3b878b4a5641aaf57f1ed9b72a150f70be3ef45fbdfed96f60010f89",
  "5907cbff0b167c18535730584bf46c4ddd10effb5e04402618cd11bbe00c9a2a",
  "7bb21cede3bfd4ec7c341904ad30a5eab46695ab0f436c41979ded085630e232",
]);

/** Whether this public key (its container of 45 bytes) belongs to a pair of `keys.example`. */
export function isExampleKey(publicKeyContainer: Uint8Array): boolean {
  return FINGERPRINTS.has(createHash("sha256").update(publicKeyContainer).digest("hex"));
}
