/** PostgreSQL's own pgbench as a load: its select-only script, in each of the three protocols. */

import type { PostgresServer } from "../../test/harness/postgres.ts";
import { runProcess } from "../../test/harness/process.ts";
import type { LoadResult } from "./load.ts";
import type { Address } from "./session.ts";

const CLIENTS = 4;
/** pgbench counts time in whole seconds, so it is told how many transactions make about one second. */
const TRANSACTIONS_PER_SECOND = 1000;

function commandFor(port: number, ...options: readonly string[]): string[] {
  return ["pgbench", "-h", "127.0.0.1", "-p", String(port), "-U", "postgres", ...options];
}

async function runPgbench(command: string[], tls: boolean): Promise<string> {
  const { status, stdout, stderr } = await runProcess([...command, "postgres"], {
    env: { PGSSLMODE: tls ? "require" : "disable", PGGSSENCMODE: "disable" },
  });
  if (status !== 0) {
    throw new Error(`pgbench ended with status ${status}: ${stderr}`);
  }
  return stdout;
}

/** Makes the tables of pgbench. */
export async function fillPgbench(database: PostgresServer): Promise<void> {
  await runPgbench(commandFor(database.port, "-i", "-q", "-s", "1"), false);
}

/** What a run of pgbench says of itself. */
export function readPgbench(report: string): LoadResult {
  const transactions = Number(/actually processed: (\d+)/.exec(report)?.[1]);
  const rate = Number(/tps = ([\d.]+)/.exec(report)?.[1]);
  if (!(transactions > 0 && rate > 0)) {
    throw new Error(`pgbench reports no transactions:\n${report}`);
  }
  return { transactions, rows: transactions, seconds: transactions / rate };
}

/** Runs pgbench; each run connects anew, which counts as part of the cost. */
export class PgbenchRunner {
  readonly #address: Address;
  readonly #mode: string;

  constructor(address: Address, mode: string) {
    this.#address = address;
    this.#mode = mode;
  }

  /** @throws Error when transactions fail; pgbench itself ends at the first error. */
  async check(): Promise<void> {
    await this.#run("-t", "20");
  }

  async run(seconds: number): Promise<LoadResult> {
    return await this.#run("-t", String(Math.ceil(seconds * TRANSACTIONS_PER_SECOND)));
  }

  close(): void {
    // Every run closed its own connections.
  }

  async #run(...length: readonly string[]): Promise<LoadResult> {
    const { port, tls } = this.#address;
    const options = ["-n", "-S", "-M", this.#mode, "-c", String(CLIENTS), ...length];
    return readPgbench(await runPgbench(commandFor(port, ...options), tls));
  }
}
