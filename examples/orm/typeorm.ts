/**
 * TypeORM: a transformer of values. With decorators it is
 * `@Column({ type: "bytea", transformer: acraText })`.
 */

import { DataSource, EntitySchema, type ValueTransformer } from "typeorm";
import { protect, reveal } from "./acra.ts";
import { type Card, CREATE_TABLE, cardToWrite, connection, print } from "./program.ts";

const acraText: ValueTransformer = {
  to: (text: string | null | undefined) => (text == null ? text : Buffer.from(protect(text))),
  from: (bytes: Uint8Array | null) => (bytes === null ? null : reveal(bytes)),
};

const CardEntity = new EntitySchema<Card & { id: number }>({
  name: "Card",
  tableName: "cards",
  columns: {
    id: { type: "integer", primary: true, generated: true },
    owner: { type: "text" },
    number: { type: "bytea", nullable: true, transformer: acraText },
  },
});

const { user: username, ...where } = connection;
const db = await new DataSource({
  type: "postgres",
  ...where,
  username,
  entities: [CardEntity],
}).initialize();
await db.query(CREATE_TABLE);

const cards = db.getRepository(CardEntity);
const card = cardToWrite();
if (card !== null) {
  await cards.save(card);
}
print(await cards.find({ order: { id: "ASC" } }));
await db.destroy();
