/**
 * Every PostgreSQL row of `acra.json` without zones through the running server process: a scripted
 * database sends it, cut at random places, and a raw client compares what arrives byte for byte.
 */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type AcraProcess, startAcraServer } from "../harness/acra.ts";
import {
  cutRandomly,
  dataRow,
  message,
  RawClient,
  ROW_ANSWER_END,
  rowDescription,
  ScriptedDatabase,
  seededRandom,
} from "../harness/pg_peers.ts";
import { layVectorKeys } from "../harness/vector_keys.ts";
import acraVectors from "../vectors/acra.json";

const ROUNDS = process.env["SLOW"] ? 40 : 4;
const ROWS = acraVectors.cells.filter((row) => row.db === "pg" && !row.zone_mode);
const SERVERS = [
  { format: "hex", mode: "wholecell" },
  { format: "hex", mode: "injectedcell" },
  { format: "escape", mode: "wholecell" },
  { format: "escape", mode: "injectedcell" },
] as const;

function decode(columns: readonly (string | null)[]): (Buffer | null)[] {
  return columns.map((column) => (column === null ? null : Buffer.from(column, "base64")));
}

test("acra.json has the rows that this file counts on", () => {
  expect(ROWS).toHaveLength(178);
});

for (const { format, mode } of SERVERS) {
  describe(`acra server, ${format} cells, ${mode}`, () => {
    const rows = ROWS.filter((row) => row.pg_bytea_format === format && row.mode === mode);
    const random = seededRandom(20_260_101);
    let database: ScriptedDatabase;
    let server: AcraProcess;
    let client: RawClient;

    beforeAll(async () => {
      database = await ScriptedDatabase.start((received) => {
        const row = rows[Number(received.body.toString().replace("\0", ""))];
        if (row === undefined) {
          return [];
        }
        const columns = decode(row.columns_in_b64);
        const format = row.cell_encoding === "raw" ? 1 : 0;
        const answer = Buffer.concat([
          rowDescription(columns.map(() => format)),
          dataRow(columns),
          ROW_ANSWER_END,
        ]);
        return cutRandomly(answer, 1 + Math.floor(random() * 6), random);
      });
      server = await startAcraServer(
        { host: "127.0.0.1", port: database.port },
        {
          keys: layVectorKeys("client"),
          flags: [
            "--acraconnector_transport_encryption_disable",
            "--client_id=client",
            `--pgsql_${format}_bytea`,
            `--acrastruct_injectedcell_enable=${mode === "injectedcell"}`,
          ],
        },
      );
      client = await RawClient.login(server.port);
    });

    afterAll(async () => {
      client.close();
      await server.stop();
      await database.stop();
    });

    for (const [index, row] of rows.entries()) {
      test(`${row.name} (${row.cell_encoding}) arrives as required`, async () => {
        const expected = dataRow(decode(row.required_columns_b64));
        for (let round = 0; round < ROUNDS; round++) {
          client.send(message("Q", `${index}\0`));
          const [received] = (await client.until("Z")).filter(({ type }) => type === "D");
          expect(received?.raw.toString("latin1")).toBe(expected.toString("latin1"));
        }
      });
    }
  });
}
