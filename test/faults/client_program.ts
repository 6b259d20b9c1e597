/**
 * An application as a process of its own, with a real driver, so that it can be killed and stopped.
 * Its only argument is JSON: a connection string, and what to do. Prints `ack ID` for each
 * acknowledged row, or `read COUNT DIGEST` for what it read.
 */

import { createHash } from "node:crypto";
import pg from "pg";

interface Work {
  readonly url: string;
  /** Rows to write, one statement each. */
  readonly rows?: readonly { readonly id: number; readonly note: string; readonly hex: string }[];
  /** A query whose rows are read. */
  readonly read?: string;
}

const work: Work = JSON.parse(process.argv[2] ?? "{}");
const client = new pg.Client({ connectionString: work.url });
client.on("error", () => process.exit(3));
await client.connect();
for (const { id, note, hex } of work.rows ?? []) {
  await client.query("INSERT INTO ledger VALUES ($1, $2, $3)", [id, note, Buffer.from(hex, "hex")]);
  console.log(`ack ${id}`);
}
if (work.read !== undefined) {
  const { rows } = await client.query({ text: work.read, rowMode: "array" });
  const hash = createHash("sha256");
  for (const row of rows) {
    for (const cell of row) {
      hash.update(Buffer.isBuffer(cell) ? cell : String(cell));
    }
  }
  console.log(`read ${rows.length} ${hash.digest("hex")}`);
}
await client.end();
