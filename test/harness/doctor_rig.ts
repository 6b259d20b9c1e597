/** Hosts for `acra doctor`: fresh key folders before one real PostgreSQL, and what the doctor says of them. */

import { expect } from "bun:test";
import { cpSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import postgres from "postgres";
import { createAcrastruct } from "../../src/writer/mod.ts";
import {
  type AcraKeys,
  type AcraProcess,
  acraCommand,
  CLIENT_ID,
  makeKeys,
  makePoisonRecord,
  startAcraServer,
} from "./acra.ts";
import { findFreePort } from "./ports.ts";
import { type PostgresServer, startPostgres } from "./postgres.ts";
import { runProcess } from "./process.ts";
import { makeTemporaryFolder } from "./reaper.ts";

/** A finding as `--json` writes it. */
export interface Found {
  readonly Severity: string;
  readonly Check: string;
  readonly Where: string;
  readonly What: string;
  readonly Fix: string;
}

/** What `--json` writes. */
export interface DoctorReport {
  readonly Host: string;
  readonly OK: boolean;
  readonly Findings: readonly Found[];
  readonly Facts: readonly { readonly Check: string; readonly Fact: string }[];
  readonly Notes: readonly string[];
}

/** How the doctor is run, where it is not as usual. */
export interface DoctorRun {
  readonly cwd?: string;
  readonly masterKey?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly command?: readonly string[];
}

/** One database, keys that each test may spoil, and an end to all that a test started. */
export class DoctorRig {
  readonly database: PostgresServer;
  readonly sql: postgres.Sql;
  /** The keys as they were made. */
  readonly original: AcraKeys;
  /** A copy, fresh for each test. */
  keys: AcraKeys;
  readonly #stops: (() => unknown)[] = [];

  private constructor(database: PostgresServer, original: AcraKeys) {
    this.database = database;
    this.original = original;
    this.keys = original;
    this.sql = postgres(database.url(), { max: 1, onnotice: () => {} });
  }

  static async start(): Promise<DoctorRig> {
    const [database, keys] = await Promise.all([startPostgres(), makeKeys()]);
    await makePoisonRecord(keys);
    return new DoctorRig(database, keys);
  }

  async stop(): Promise<void> {
    await this.sql.end();
    await this.database.stop();
  }

  /** Before each test. */
  freshen(): void {
    const folder = join(makeTemporaryFolder(), "keys");
    cpSync(this.original.folder, folder, { recursive: true });
    this.keys = {
      ...this.original,
      folder,
      serverFolder: join(folder, "acra-server"),
      connectorFolder: join(folder, "acra-connector"),
    };
  }

  /** Is done after the test, the last one first. */
  atTheEnd(stop: () => unknown): void {
    this.#stops.push(stop);
  }

  /** After each test. */
  async cleanUp(): Promise<void> {
    for (const stop of this.#stops.splice(0).toReversed()) {
      await stop();
    }
  }

  /** Runs the doctor with JSON; its exit status has to fit what it found, and no secret may be in it. */
  async doctor(host: string, flags: readonly string[], run: DoctorRun = {}): Promise<DoctorReport> {
    const command = [...(run.command ?? acraCommand()), "doctor", host, "--json", ...flags];
    const masterKey = run.masterKey ?? this.keys.masterKey;
    const { status, stdout, stderr } = await runProcess(command, {
      cwd: run.cwd ?? "/",
      env: { ACRA_MASTER_KEY: masterKey, PGUSER: undefined, PGPASSWORD: undefined, ...run.env },
    });
    expect(stderr).toBe("");
    const report: DoctorReport = JSON.parse(stdout);
    expect(status).toBe(report.Findings.length === 0 ? 0 : 1);
    expect(report.OK).toBe(report.Findings.length === 0);
    const secrets = [masterKey, this.keys.masterKey, this.database.password];
    expect(secrets.filter((secret) => secret !== "" && stdout.includes(secret))).toEqual([]);
    return report;
  }

  /** Flags of a server of this host that has no mistake. */
  async serverFlags(): Promise<string[]> {
    return [
      `--keys_dir=${this.keys.serverFolder}`,
      `--db_host=${this.database.host}`,
      `--db_port=${this.database.port}`,
      `--incoming_connection_string=tcp://127.0.0.1:${await findFreePort()}/`,
    ];
  }

  async connectorFlags(serverPort: number): Promise<string[]> {
    return [
      `--keys_dir=${this.keys.connectorFolder}`,
      `--client_id=${CLIENT_ID}`,
      `--acraserver_connection_string=tcp://127.0.0.1:${serverPort}/`,
      `--incoming_connection_string=tcp://127.0.0.1:${await findFreePort()}/`,
    ];
  }

  async serve(keys: AcraKeys, flags: readonly string[] = []): Promise<AcraProcess> {
    const server = await startAcraServer(this.database, { keys, flags });
    this.atTheEnd(() => server.stop());
    return server;
  }

  /** The login that the doctor gets. */
  login(): { readonly env: Readonly<Record<string, string>> } {
    const { user, password, database } = this.database;
    return { env: { PGUSER: user, PGPASSWORD: password, PGDATABASE: database } };
  }

  /** A fresh table of one column with these values; answers the column's name. */
  async makeColumn(values: readonly (Uint8Array | null)[], type = "bytea"): Promise<string> {
    const table = `t${crypto.randomUUID().replaceAll("-", "")}`;
    await this.sql.unsafe(`CREATE TABLE ${table} (id serial PRIMARY KEY, secret ${type})`);
    this.atTheEnd(() => this.sql.unsafe(`DROP TABLE ${table}`));
    for (const value of values) {
      await this.sql`INSERT INTO ${this.sql(table)} (secret) VALUES (${value})`;
    }
    return `${table}.secret`;
  }

  sealed(count: number, key = this.original.storagePublicKey): Uint8Array[] {
    return Array.from({ length: count }, (_, at) => createAcrastruct(`value ${at}`, key));
  }

  /** A program on a port of its own, in this process, that says the same to everybody. */
  async occupy(words: string): Promise<number> {
    const server = createServer((socket) => {
      socket.on("error", () => {});
      socket.end(words);
    });
    const port = await findFreePort();
    await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
    this.atTheEnd(() => server.close());
    return port;
  }
}

/** Exactly one finding. */
export function only({ Findings }: DoctorReport): Found {
  expect(Findings.map(({ Where, What }) => `${Where}: ${What}`)).toHaveLength(1);
  const [found] = Findings;
  if (found === undefined) {
    throw new TypeError("no finding");
  }
  return found;
}
