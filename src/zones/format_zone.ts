/** How an application is told of a new zone: acra-formats.md §2.2. */

import type { PublicKey } from "../themis/mod.ts";

/** A zone, as far as writers have to know it. */
export interface Zone {
  readonly id: string;
  readonly publicKey: PublicKey;
}

/** One line of JSON, keys in this order and no blanks: `{"id":"…","public_key":"BASE64"}`. */
export function formatZone({ id, publicKey }: Zone): string {
  return JSON.stringify({ id, public_key: publicKey.container.toBase64() });
}
