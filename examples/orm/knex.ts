/** Knex: its hook on answers turns the bytes of named columns into text; writing names `protect`. */

import knex from "knex";
import { protect, reveal } from "./acra.ts";
import { type Card, CREATE_TABLE, cardToWrite, connection, print } from "./program.ts";

const PROTECTED_COLUMNS = ["number"];

function revealRow(row: Record<string, unknown>): void {
  for (const column of PROTECTED_COLUMNS) {
    const cell = row[column];
    if (cell instanceof Uint8Array) {
      row[column] = reveal(cell);
    }
  }
}

const db = knex({
  client: "pg",
  connection,
  postProcessResponse: (answer) => {
    if (Array.isArray(answer)) {
      answer.forEach(revealRow);
    } else if (answer !== null && typeof answer === "object") {
      revealRow(answer); // of .first()
    }
    return answer;
  },
});
await db.raw(CREATE_TABLE);

const card = cardToWrite();
if (card !== null) {
  const number = card.number === null ? null : protect(card.number);
  await db("cards").insert({ owner: card.owner, number });
}
print(await db<Card & { id: number }>("cards").select("owner", "number").orderBy("id"));
await db.destroy();
