/** Drizzle: a column type. `number` is text in the program and an AcraStruct in the database. */

import { asc } from "drizzle-orm";
import { drizzle } from "drizzle-orm/node-postgres";
import { customType, pgTable, serial, text } from "drizzle-orm/pg-core";
import { Pool } from "pg";
import { protect, reveal } from "./acra.ts";
import { CREATE_TABLE, cardToWrite, connection, print } from "./program.ts";

const acraText = customType<{ data: string; driverData: Uint8Array }>({
  dataType: () => "bytea",
  toDriver: protect,
  fromDriver: reveal,
});

const cards = pgTable("cards", {
  id: serial().primaryKey(),
  owner: text().notNull(),
  number: acraText(),
});

const pool = new Pool(connection);
const db = drizzle(pool);
await db.execute(CREATE_TABLE);

const card = cardToWrite();
if (card !== null) {
  await db.insert(cards).values(card);
}
print(await db.select().from(cards).orderBy(asc(cards.id)));
await pool.end();
