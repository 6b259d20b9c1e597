/**
 * Prisma: the column is `Bytes`, so that text written without `protect` does not compile; an
 * extension of results makes text of what is read. `bun run prisma` makes the client first.
 */

import { PrismaPg } from "@prisma/adapter-pg";
import { protect, reveal } from "./acra.ts";
import { PrismaClient } from "./generated/client.ts";
import { CREATE_TABLE, cardToWrite, connection, print } from "./program.ts";

const client = new PrismaClient({ adapter: new PrismaPg(connection) });
const db = client.$extends({
  result: {
    card: {
      number: {
        needs: { number: true },
        compute: ({ number }): string | null => (number === null ? null : reveal(number)),
      },
    },
  },
});
await db.$executeRawUnsafe(CREATE_TABLE);

const card = cardToWrite();
if (card !== null) {
  const number = card.number === null ? null : protect(card.number);
  await db.card.create({ data: { owner: card.owner, number } });
}
print(await db.card.findMany({ orderBy: { id: "asc" } }));
await db.$disconnect();
