/**
 * What was written, and what the database said of it. In the end every acknowledged row must be
 * there, whole, and no row that was refused or never finished.
 */

import type { Sql } from "postgres";
import { createAcrastruct } from "../../src/writer/mod.ts";

/** Stands in every protected value; must never be seen where nothing is opened. */
export const MARKER = "TOP-SECRET-4929127340961111";
/** Stands in every other value: may be seen by the database, but not between connector and server. */
export const NOTE = "open-note-of-row";
const POOL = 40;

/** A row as it must lie in the database. */
export interface Row {
  readonly id: number;
  readonly note: string;
  readonly secret: Buffer;
}

/** Rows that are written by one statement or transaction: all of them, or none. */
interface Group {
  readonly rows: readonly Row[];
  state: "unknown" | "acknowledged" | "refused";
}

export class Ledger {
  readonly #structs: readonly Buffer[];
  readonly #groups: Group[] = [];
  #nextId = 1;
  acknowledged = 0;

  constructor(publicKey: Uint8Array) {
    this.#structs = Array.from({ length: POOL }, (_, index) =>
      Buffer.from(createAcrastruct(new TextEncoder().encode(secretOf(index)), publicKey)),
    );
  }

  /** The AcraStruct that belongs to an id. */
  structOf(id: number): Buffer {
    return this.#structs[id % POOL] ?? Buffer.alloc(0);
  }

  /** Rows with fresh ids, about to be written together. */
  begin(count: number): Group {
    const rows = Array.from({ length: count }, () => this.#makeRow(this.#nextId++));
    const group: Group = { rows, state: "unknown" };
    this.#groups.push(group);
    return group;
  }

  /** The database said that the group is written, or that it is not. */
  settle(group: Group, state: "acknowledged" | "refused"): void {
    group.state = state;
    if (state === "acknowledged") {
      this.acknowledged += group.rows.length;
    }
  }

  /** Compares everything that is not yet checked; answers what is wrong. */
  async check(sql: Sql): Promise<string[]> {
    const groups = this.#groups.splice(0);
    const ids = groups.flatMap(({ rows }) => rows.map(({ id }) => id));
    if (ids.length === 0) {
      return [];
    }
    const found = await sql<Row[]>`SELECT id, note, secret FROM ledger WHERE id = ANY(${ids})`;
    const byId = new Map(found.map((row) => [row.id, row]));
    return groups.flatMap((group) => faultsOf(group, byId));
  }

  #makeRow(id: number): Row {
    return { id, note: `${NOTE} ${id}`, secret: this.structOf(id) };
  }
}

/** The plaintext of the AcraStruct of an id. */
export function secretOf(id: number): string {
  return `${MARKER}-${id % POOL}`;
}

function faultsOf({ rows, state }: Group, found: ReadonlyMap<number, Row>): string[] {
  const faults: string[] = [];
  let present = 0;
  for (const { id, note, secret } of rows) {
    const row = found.get(id);
    if (row !== undefined) {
      present++;
      if (row.note !== note || !Buffer.from(row.secret).equals(secret)) {
        faults.push(`row ${id} is not what was written`);
      }
    }
  }
  if (state === "acknowledged" && present < rows.length) {
    faults.push(`acknowledged, but lost: ${present} of ${rows.length} rows from ${rows[0]?.id}`);
  } else if (state === "refused" && present > 0) {
    faults.push(`refused, but written: row ${rows[0]?.id}`);
  } else if (present !== 0 && present !== rows.length) {
    faults.push(`a group was torn: ${present} of ${rows.length} rows from ${rows[0]?.id}`);
  }
  return faults;
}
