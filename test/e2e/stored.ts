/** What lies in the tables of a database, looked at directly, as a thief would. */

import { expect } from "bun:test";
import type { Sql } from "postgres";

const ACRASTRUCT_TAG = '"'.repeat(8);

/** Bytes that an AcraStruct has more than its plaintext. */
const OVERHEAD = 189;

/** Holds a cell to be an AcraStruct of a text of that length. */
export function expectAcraStruct(cell: unknown, text: string): void {
  if (!(cell instanceof Uint8Array)) {
    throw new Error(`not bytes: ${cell}`);
  }
  expect(Buffer.from(cell).toString("latin1", 0, 12)).toBe(`${ACRASTRUCT_TAG}UEC2`);
  expect(cell.length).toBe(OVERHEAD + Buffer.byteLength(text));
}

/** All rows of all tables as text, with the bytes of binary columns beside their hexadecimal form. */
export async function readWholeDatabase(sql: Sql): Promise<string> {
  const tables = await sql`SELECT tablename FROM pg_tables WHERE schemaname = 'public'`;
  const rows: string[] = [];
  for (const { tablename } of tables) {
    const cells = await sql`SELECT * FROM ${sql(tablename)}`;
    for (const row of cells) {
      rows.push(...Object.values(row).map(showCell));
    }
  }
  return rows.join("\n");
}

function showCell(cell: unknown): string {
  return cell instanceof Uint8Array
    ? `${Buffer.from(cell).toString("utf8")}\n${Buffer.from(cell).toString("hex")}`
    : String(cell);
}

/** Words of the values that must not be found; short ones prove nothing. */
export function findWords(text: string, values: readonly string[]): string[] {
  const words = values.flatMap((value) => [value, ...value.split(/[^\p{L}\p{N}@.]+/u)]);
  return words.filter((word) => word.length > 5 && text.includes(word));
}
