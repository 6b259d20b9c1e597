/** What the programs share: where the database or the connector is, and what to do there. */

/** Where to connect to: the port decides, 5432 is the database and 9494 the connector. */
export const connection = {
  host: process.env["EXAMPLE_HOST"] ?? "127.0.0.1",
  port: Number(process.env["EXAMPLE_PORT"] ?? 9494),
  database: process.env["EXAMPLE_DB_NAME"] ?? "acra",
  user: process.env["EXAMPLE_DB_USER"] ?? "test",
  password: process.env["EXAMPLE_DB_PASSWORD"] ?? "test",
};

/** The table, as each program makes it when it is missing. */
export const CREATE_TABLE =
  "CREATE TABLE IF NOT EXISTS cards (id SERIAL PRIMARY KEY, owner TEXT NOT NULL, number BYTEA)";

/** A row as the program sees it. */
export interface Card {
  readonly owner: string;
  readonly number: string | null;
}

/** The row to write: OWNER NUMBER on the command line, or nothing. */
export function cardToWrite(): Card | null {
  const [owner, number] = process.argv.slice(2);
  return owner === undefined ? null : { owner, number: number ?? null };
}

/** Prints rows; what nobody opened is no text, and shown as it begins. */
export function print(cards: readonly Card[]): void {
  for (const { owner, number } of cards) {
    console.log(`${owner}: ${JSON.stringify(number?.slice(0, 19) ?? null)}`);
  }
}
