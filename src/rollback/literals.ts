/** Plaintext as literals of PostgreSQL: acra-formats.md §8.4. */

import { encodeByteaEscape } from "../wire/postgres/mod.ts";

const ascii = new TextDecoder("latin1");

/** `E'\\x…'`: right whatever `standard_conforming_strings` says. */
export function formatHexLiteral(bytes: Uint8Array): string {
  return `E'\\\\x${bytes.toHex()}'`;
}

/** The escape form in quotes; needs `standard_conforming_strings`, which is on by default. */
export function formatEscapeLiteral(bytes: Uint8Array): string {
  return `'${ascii.decode(encodeByteaEscape(bytes)).replaceAll("'", "''")}'`;
}
