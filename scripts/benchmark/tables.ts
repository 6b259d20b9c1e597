/** The tables that are read, and how they are filled. */

import postgres from "postgres";
import { FilesystemKeyMaker, MasterKey } from "../../src/keystore/mod.ts";
import { createAcrastruct } from "../../src/writer/mod.ts";
import type { AcraKeys } from "../../test/harness/acra.ts";
import type { PostgresServer } from "../../test/harness/postgres.ts";

/** A table `(id, zone, data)`. */
export interface Table {
  readonly name: string;
  readonly rows: number;
  /** Bytes of a value before it is sealed. */
  readonly valueLength: number;
  /** Every so many rows one is an AcraStruct; 0: none is. */
  readonly sealedEvery: number;
  /** The AcraStructs belong to that many zones in turn; 0: to the client. */
  readonly zones: number;
}

const SMALL = 64;
const PAGE = 4096;
const LARGE = 65_536;
const ZONES = 100;
const INSERTED_AT_ONCE = 100;

export const TABLES = {
  plain: { name: "plain", rows: 1000, valueLength: SMALL, sealedEvery: 0, zones: 0 },
  sealed: { name: "sealed", rows: 1000, valueLength: SMALL, sealedEvery: 1, zones: 0 },
  sealedPage: { name: "sealed_page", rows: 500, valueLength: PAGE, sealedEvery: 1, zones: 0 },
  mixed: { name: "mixed", rows: 1000, valueLength: SMALL, sealedEvery: 10, zones: 0 },
  large: { name: "large", rows: 50, valueLength: LARGE, sealedEvery: 0, zones: 0 },
  sealedLarge: { name: "sealed_large", rows: 50, valueLength: LARGE, sealedEvery: 1, zones: 0 },
  zoned: { name: "zoned", rows: 1000, valueLength: SMALL, sealedEvery: 1, zones: ZONES },
} satisfies Record<string, Table>;

/** The value of a row before it was sealed. */
export function plaintextOf(table: Table, id: number): Buffer {
  return Buffer.alloc(table.valueLength, `value ${id} of the benchmark, `);
}

/** Whether the row is an AcraStruct in the database. */
export function isSealed(table: Table, id: number): boolean {
  return table.sealedEvery > 0 && id % table.sealedEvery === 0;
}

interface Zone {
  readonly id: string;
  readonly publicKey: Uint8Array;
}

function addZones(count: number, { serverFolder, masterKey }: AcraKeys): Zone[] {
  const key = new MasterKey(Buffer.from(masterKey, "base64"));
  const maker = new FilesystemKeyMaker({ folder: serverFolder, masterKey: key });
  return Array.from({ length: count }, () => {
    const { zoneId, publicKey } = maker.makeZone();
    return { id: zoneId, publicKey: publicKey.container };
  });
}

/** Makes and fills the tables. */
export async function fillTables(
  tables: Iterable<Table>,
  database: PostgresServer,
  keys: AcraKeys,
): Promise<void> {
  const sql = postgres(database.url(), { max: 1 });
  try {
    for (const table of tables) {
      const zones = addZones(table.zones, keys);
      await sql`CREATE TABLE ${sql(table.name)} (id integer PRIMARY KEY, zone bytea, data bytea)`;
      // Neither compressed nor decompressed: that is no work of what is measured.
      await sql`ALTER TABLE ${sql(table.name)} ALTER data SET STORAGE EXTERNAL`;
      const rows = Array.from({ length: table.rows }, (_, index) => makeRow(table, index + 1));
      for (let at = 0; at < rows.length; at += INSERTED_AT_ONCE) {
        await sql`INSERT INTO ${sql(table.name)} ${sql(rows.slice(at, at + INSERTED_AT_ONCE))}`;
      }
      function makeRow(of: Table, id: number) {
        const zone = zones[id % Math.max(zones.length, 1)];
        const value = plaintextOf(of, id);
        const publicKey = zone?.publicKey ?? keys.storagePublicKey;
        const sealed = isSealed(of, id) ? createAcrastruct(value, publicKey, zone?.id) : value;
        return { id, zone: Buffer.from(zone?.id ?? ""), data: Buffer.from(sealed) };
      }
    }
    await sql`VACUUM ANALYZE`;
  } finally {
    await sql.end();
  }
}
