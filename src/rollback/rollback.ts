/** The rollback itself: rows in, statements out, in the order of acra-formats.md §8.4. */

import type { ConnectionSettings } from "../db_client/mod.ts";
import { Database, type InsertBatch } from "./database.ts";
import type { InsertStatement } from "./insert_statement.ts";
import { OutputFile } from "./output_file.ts";
import type { Cell, RowOpener } from "./row_opener.ts";

/** What to do. */
export interface RollbackPlan {
  readonly connection: ConnectionSettings;
  /** Any statement that gives the columns of `opener`; run as it is. */
  readonly select: string;
  readonly insert: InsertStatement;
  readonly opener: RowOpener;
  /** Makes the literal for the file. */
  readonly formatLiteral: (plaintext: Uint8Array) => string;
  /** File of statements; emptied at the start, mode 0600. */
  readonly outputFile: string | null;
  /** Runs the inserts too, all in one transaction. */
  readonly execute: boolean;
}

/** How far it got. */
export interface RollbackSummary {
  readonly decrypted: number;
  readonly skipped: number;
}

/** Is told what happens meanwhile. */
export interface RollbackObserver {
  /** A row that gives no statement; rows are counted from 1. */
  onSkipped(row: number, reason: string): void;
  /** After each batch of rows. */
  onProgress(summary: RollbackSummary): void;
}

/**
 * Decrypts all rows. When it throws, no insert lasts, and the file holds whole statements of the rows
 * up to there.
 * @throws RollbackError
 */
export async function rollBack(
  plan: RollbackPlan,
  observer: RollbackObserver,
): Promise<RollbackSummary> {
  const database = await Database.open(plan.connection);
  try {
    const file = plan.outputFile === null ? null : new OutputFile(plan.outputFile);
    try {
      return await new Run(plan, observer, database, file).run();
    } finally {
      file?.close();
    }
  } finally {
    await database.close();
  }
}

class Run {
  readonly #plan: RollbackPlan;
  readonly #observer: RollbackObserver;
  readonly #database: Database;
  readonly #file: OutputFile | null;
  #decrypted = 0;
  #skipped = 0;

  constructor(
    plan: RollbackPlan,
    observer: RollbackObserver,
    database: Database,
    file: OutputFile | null,
  ) {
    this.#plan = plan;
    this.#observer = observer;
    this.#database = database;
    this.#file = file;
  }

  async run(): Promise<RollbackSummary> {
    const { execute, insert } = this.#plan;
    if (execute) {
      // The file is on the disk before the inserts last: killed in between, a second run does both again.
      await this.#database.insertWithin(insert.text, (insertBatch) => this.#readAll(insertBatch));
    } else {
      await this.#readAll(null);
    }
    return this.#summary();
  }

  async #readAll(insertBatch: InsertBatch | null): Promise<void> {
    const { select, opener } = this.#plan;
    await this.#database.read(select, opener.columns, async (rows) => {
      const plaintexts = this.#open(rows);
      await insertBatch?.(plaintexts);
      this.#write(plaintexts);
      this.#decrypted += plaintexts.length;
      this.#observer.onProgress(this.#summary());
    });
    this.#file?.sync();
  }

  #open(rows: readonly (readonly Cell[])[]): Uint8Array[] {
    const first = this.#decrypted + this.#skipped + 1;
    const plaintexts: Uint8Array[] = [];
    for (const [index, cells] of rows.entries()) {
      const outcome = this.#plan.opener.open(cells);
      if (outcome.kind === "opened") {
        plaintexts.push(outcome.plaintext);
      } else {
        this.#skipped++;
        this.#observer.onSkipped(first + index, outcome.reason);
      }
    }
    return plaintexts;
  }

  #write(plaintexts: readonly Uint8Array[]): void {
    const { insert, formatLiteral } = this.#plan;
    if (this.#file !== null && plaintexts.length > 0) {
      const lines = plaintexts.map((bytes) => `${insert.withLiteral(formatLiteral(bytes))}\n`);
      this.#file.write(lines.join(""));
    }
  }

  #summary(): RollbackSummary {
    return { decrypted: this.#decrypted, skipped: this.#skipped };
  }
}
