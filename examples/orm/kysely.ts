/**
 * Kysely: the types say that `number` is written as bytes and read as text, so that text written
 * without `protect` does not compile; a plugin turns what is read into text.
 */

import {
  type ColumnType,
  type Generated,
  Kysely,
  type KyselyPlugin,
  PostgresDialect,
  sql,
  type UnknownRow,
} from "kysely";
import { Pool } from "pg";
import { protect, reveal } from "./acra.ts";
import { CREATE_TABLE, cardToWrite, connection, print } from "./program.ts";

type AcraText = ColumnType<string | null, Uint8Array | null, Uint8Array | null>;

interface Database {
  cards: { id: Generated<number>; owner: string; number: AcraText };
}

/** Reads the bytes of these columns as text, in whatever table they are. */
function acraPlugin(columns: readonly string[]): KyselyPlugin {
  const revealRow = (row: UnknownRow): UnknownRow => {
    const protectedCells = columns
      .map((column) => [column, row[column]] as const)
      .filter((entry): entry is readonly [string, Uint8Array] => entry[1] instanceof Uint8Array);
    const texts = protectedCells.map(([column, bytes]) => [column, reveal(bytes)]);
    return { ...row, ...Object.fromEntries(texts) };
  };
  return {
    transformQuery: ({ node }) => node,
    transformResult: async ({ result }) => ({ ...result, rows: result.rows.map(revealRow) }),
  };
}

const db = new Kysely<Database>({
  dialect: new PostgresDialect({ pool: new Pool(connection) }),
  plugins: [acraPlugin(["number"])],
});
await sql.raw(CREATE_TABLE).execute(db);

const card = cardToWrite();
if (card !== null) {
  const number = card.number === null ? null : protect(card.number);
  await db.insertInto("cards").values({ owner: card.owner, number }).execute();
}
print(await db.selectFrom("cards").selectAll().orderBy("id").execute());
await db.destroy();
