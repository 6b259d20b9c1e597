/** The line on stdout that ends a rotation, byte for byte as the original's: acra-formats.md §8.5, acra-cli.md §8.8. */

import type { RotatedZone } from "./rotate_zones.ts";

/** What the original's encoder writes as `\u…` although JSON does not ask for it. */
const ESCAPED = /[<>&\u2028\u2029]/g;

/** One JSON object and a line end; zones in the order given, `null` for a zone without files. */
export function formatReport(zones: readonly RotatedZone[]): string {
  const entries = zones.map(({ zoneId, publicKey, paths }): [string, unknown] => [
    zoneId,
    {
      new_public_key: publicKey.container.toBase64(),
      file_paths: paths.length === 0 ? null : paths,
    },
  ]);
  const json = JSON.stringify(Object.fromEntries(entries));
  return `${json.replace(ESCAPED, escapeSymbol)}\n`;
}

function escapeSymbol(symbol: string): string {
  return `\\u${symbol.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
