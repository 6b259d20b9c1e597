/**
 * Every PostgreSQL row of `acra.json` through the running server process: a scripted database sends
 * it, cut at random places, and a raw client compares what arrives byte for byte.
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
import { findFreePort } from "../harness/ports.ts";
import { layVectorKeys } from "../harness/vector_keys.ts";
import acraVectors from "../vectors/acra.json";

const ROUNDS = process.env["SLOW"] ? 40 : 4;
const ROWS = acraVectors.cells.filter((row) => row.db === "pg");
const SERVERS = ["hex", "escape"].flatMap((format) =>
  ["wholecell", "injectedcell"].flatMap((mode) => [
    { format, mode, zones: false },
    { format, mode, zones: true },
  ]),
);

function decode(columns: readonly (string | null)[]): (Buffer | null)[] {
  return columns.map((column) => (column === null ? null : Buffer.from(column, "base64")));
}

/** Zone mode opens the HTTP API too. */
function zoneFlags(apiPort: number): readonly string[] {
  return ["--zonemode_enable", `--incoming_connection_api_string=tcp://127.0.0.1:${apiPort}/`];
}

test("acra.json has the rows that this file counts on", () => {
  expect(ROWS.filter((row) => !row.zone_mode)).toHaveLength(178);
  expect(ROWS.filter((row) => row.zone_mode)).toHaveLength(134);
});

for (const { format, mode, zones } of SERVERS) {
  describe(`acra server, ${format} cells, ${mode}${zones ? ", zones" : ""}`, () => {
    const rows = ROWS.filter(
      (row) => row.pg_bytea_format === format && row.mode === mode && row.zone_mode === zones,
    );
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
            // Zones need no client.
            ...(zones ? zoneFlags(await findFreePort()) : ["--client_id=client"]),
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
