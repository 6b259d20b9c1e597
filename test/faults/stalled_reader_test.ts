/** A result of 1 GB for a reader that stalls: the programs hold a bounded part of it. */

import { afterAll, beforeAll, expect, test } from "bun:test";
import net from "node:net";
import { createAcrastruct } from "../../src/writer/mod.ts";
import {
  type AcraProcess,
  makeKeys,
  startAcraConnector,
  startAcraServer,
} from "../harness/acra.ts";
import { message, startupMessage } from "../harness/pg_peers.ts";
import { type PostgresServer, startPostgres } from "../harness/postgres.ts";
import { forgetResidentPeak, readUsage, residentPeak } from "../harness/process_usage.ts";

const MIB = 1024 * 1024;
const TOTAL_BYTES = 1024 * MIB;
/** Opening so many cells takes its time: less of them where not the whole matrix is wanted. */
const PROTECTED_BYTES = process.env["ACRA_FAULTS"] === "all" ? TOTAL_BYTES : TOTAL_BYTES / 8;
/** How much more than at rest a program may hold at any moment. */
const GROWTH_LIMIT_BYTES = 64 * MIB;
/** Long enough for all queues and buffers on the way to be full. */
const STALL_MS = 1_500;
const STALLS_AT = [MIB, PROTECTED_BYTES / 2];

/** A query, and the length of one of its cells as the application gets it, in bytes. */
interface Result {
  readonly name: string;
  readonly sql: string;
  readonly cell: Buffer;
  readonly rows: number;
}

const PLAIN_CELL = Buffer.alloc(8_000, "x");
const SECRET = Buffer.alloc(60_000, "the secret of a very long row ");
const OPENED_CELL = Buffer.from(`\\x${SECRET.toString("hex")}`);
const RESULTS: readonly Result[] = [
  {
    name: "1 GB of plain rows",
    sql: "SELECT repeat('x', 8000) FROM",
    cell: PLAIN_CELL,
    rows: Math.ceil(TOTAL_BYTES / PLAIN_CELL.length),
  },
  {
    name: `${PROTECTED_BYTES / MIB} MiB of protected rows`,
    sql: "SELECT secret FROM secrets,",
    cell: OPENED_CELL,
    rows: Math.ceil(PROTECTED_BYTES / OPENED_CELL.length),
  },
];

let database: PostgresServer;
let rawServer: AcraProcess;
let server: AcraProcess;
let connector: AcraProcess;

beforeAll(async () => {
  const keys = await makeKeys();
  database = await startPostgres({ login: "trust" });
  const struct = Buffer.from(createAcrastruct(SECRET, keys.storagePublicKey)).toString("hex");
  await ask(database.port, "CREATE TABLE secrets (secret bytea)", () => {});
  await ask(database.port, `INSERT INTO secrets VALUES ('\\x${struct}')`, () => {});
  rawServer = await startAcraServer(database, {
    keys,
    flags: ["--acraconnector_transport_encryption_disable", `--client_id=${keys.clientId}`],
  });
  server = await startAcraServer(database, { keys });
  connector = await startAcraConnector(server, { keys });
}, 60_000);

afterAll(async () => {
  await connector.stop();
  await server.stop();
  await rawServer.stop();
  await database.stop();
});

/** Looks at rows as they stream by, without keeping them. */
class RowCounter {
  rows = 0;
  bytes = 0;
  wrong = 0;
  done = false;
  failed = false;
  readonly #cell: Buffer;
  #header: Buffer = Buffer.alloc(0);
  #bodyLeft = 0;
  #bodyAt = 0;
  #type = "";

  constructor(cell: Buffer) {
    this.#cell = cell;
  }

  push(chunk: Buffer): void {
    this.bytes += chunk.length;
    let at = 0;
    while (at < chunk.length) {
      if (this.#bodyLeft > 0) {
        const taken = Math.min(this.#bodyLeft, chunk.length - at);
        this.#look(chunk.subarray(at, at + taken));
        this.#bodyLeft -= taken;
        this.#bodyAt += taken;
        at += taken;
      } else {
        const taken = Math.min(5 - this.#header.length, chunk.length - at);
        this.#header = Buffer.concat([this.#header, chunk.subarray(at, at + taken)]);
        at += taken;
        this.#begin();
      }
    }
  }

  #begin(): void {
    if (this.#header.length === 5) {
      this.#type = this.#header.toString("latin1", 0, 1);
      this.#bodyLeft = this.#header.readUInt32BE(1) - 4;
      this.#bodyAt = 0;
      this.#header = Buffer.alloc(0);
      this.rows += this.#type === "D" ? 1 : 0;
      this.failed ||= this.#type === "E";
      this.done ||= this.#type === "Z";
    }
  }

  /** Behind the count and the length of the cell (6 bytes) each row holds the same. */
  #look(part: Buffer): void {
    if (this.#type === "D") {
      const from = this.#bodyAt - 6;
      const skipped = Math.max(0, -from);
      const expected = this.#cell.subarray(from + skipped, Math.max(0, from + part.length));
      this.wrong += part.subarray(skipped).equals(expected) ? 0 : 1;
    }
  }
}

/** Logs in, asks, and hands out the socket's bytes until the second ReadyForQuery. */
async function ask(
  port: number,
  sql: string,
  take: (chunk: Buffer, socket: net.Socket) => void,
  cell: Buffer = Buffer.alloc(0),
): Promise<RowCounter> {
  const socket = net.connect(port, "127.0.0.1");
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const login = new RowCounter(Buffer.alloc(0));
  const counter = new RowCounter(cell);
  socket.on("error", reject);
  socket.on("close", () => reject(new Error(`closed after ${counter.bytes} bytes`)));
  socket.on("data", (chunk: Buffer) => {
    if (!login.done) {
      login.push(chunk);
      if (login.done) {
        socket.write(message("Q", `${sql}\0`));
      }
      return;
    }
    counter.push(chunk);
    take(chunk, socket);
    if (counter.done) {
      resolve();
    }
  });
  socket.write(startupMessage({ user: "postgres", database: "postgres" }));
  await promise;
  socket.destroy();
  return counter;
}

/** Reads everything, but stands still twice. */
async function readWithStalls(port: number, { sql, rows, cell }: Result): Promise<RowCounter> {
  const stalls = [...STALLS_AT];
  let seen = 0;
  return await ask(
    port,
    `${sql} generate_series(1, ${rows})`,
    (chunk, socket) => {
      seen += chunk.length;
      if (seen >= (stalls[0] ?? Number.POSITIVE_INFINITY)) {
        stalls.shift();
        socket.pause();
        setTimeout(() => socket.resume(), STALL_MS);
      }
    },
    cell,
  );
}

async function expectBounded(
  port: number,
  programs: readonly (readonly [string, AcraProcess])[],
  result: Result,
): Promise<void> {
  // At rest is a program that has worked: its code is compiled, its heap has its usual size.
  await ask(port, `${result.sql} generate_series(1, ${result.rows >> 3})`, () => {});
  await Bun.sleep(200);
  const idle = programs.map(([, { process }]) => {
    forgetResidentPeak(process.pid);
    return readUsage(process.pid).resident;
  });
  const counter = await readWithStalls(port, result);
  const growth = programs.map(
    ([, { process }], index) => residentPeak(process.pid) - (idle[index] ?? 0),
  );
  for (const [index, [name]] of programs.entries()) {
    const [rest, more] = [idle[index] ?? 0, growth[index] ?? 0].map((bytes) => bytes / MIB);
    console.log(
      `${(counter.bytes / MIB).toFixed(0)} MiB (${result.name}) to a reader that stalls: ` +
        `${name} ${rest?.toFixed(1)} MiB at rest, at most ${more?.toFixed(1)} MiB more`,
    );
  }
  expect(counter.failed).toBe(false);
  expect(counter.wrong).toBe(0);
  expect(counter.rows).toBe(result.rows);
  expect(Math.max(...growth)).toBeLessThan(GROWTH_LIMIT_BYTES);
}

for (const result of RESULTS) {
  test(`acra server stays within 64 MiB of idle while ${result.name} wait for a reader`, async () => {
    await expectBounded(rawServer.port, [["server, raw", rawServer]], result);
  }, 120_000);

  test(`acra server and connector stay within 64 MiB of idle with ${result.name} between them`, async () => {
    const programs = [
      ["server", server],
      ["connector", connector],
    ] as const;
    await expectBounded(connector.port, programs, result);
  }, 120_000);
}
