/** What the sessions of the soak ask for, and how the right answers are learned before it begins. */

import { createAcrastruct } from "../../src/writer/mod.ts";
import { MessageReader, message, RawClient, startupMessage } from "../harness/pg_peers.ts";
import type { Exchange } from "./lean_session.ts";

/** What the protected cells hold; must come back in hexadecimal, or as it is in binary results. */
const SECRET = "4929 1273 4096 1111";
const ITEMS = 1_000;
const SECRETS = 10;
const PIPELINED = 20;

/** A request before its answer is known. */
interface Request {
  readonly name: string;
  readonly request: Buffer;
  /** Bytes that the answer must hold when acra opened what it has to. */
  readonly opened?: Buffer;
  /** Rows that the request adds to `soak_writes`. */
  readonly writes?: number;
  /** How often it comes up among others. */
  readonly weight: number;
}

/** An exchange of the mixed load. */
export interface MixedExchange extends Exchange {
  readonly writes: number;
  readonly weight: number;
}

const COPY_LINES = Array.from({ length: 20 }, (_, index) => message("d", `copied ${index}\n`));

const REQUESTS: readonly Request[] = [
  {
    name: "point query",
    request: query("SELECT id, name FROM soak_items WHERE id = 7"),
    weight: 8,
  },
  {
    name: "protected rows, text",
    request: query("SELECT id, secret FROM soak_secrets ORDER BY id"),
    opened: Buffer.from(Buffer.from(SECRET).toString("hex")),
    weight: 4,
  },
  {
    name: "protected rows, binary",
    request: Buffer.concat([
      parse("SELECT id, secret FROM soak_secrets ORDER BY id"),
      bind({ binary: true }),
      message("D", "P\0"),
      execute(),
      message("S"),
    ]),
    opened: Buffer.from(SECRET),
    weight: 4,
  },
  {
    name: "pipeline",
    request: Buffer.concat([
      parse("SELECT name FROM soak_items WHERE id = 11"),
      ...Array.from({ length: PIPELINED }, () => Buffer.concat([bind({}), execute()])),
      message("S"),
    ]),
    weight: 4,
  },
  {
    name: "scan",
    request: query("SELECT * FROM soak_items WHERE id <= 50 ORDER BY id"),
    weight: 2,
  },
  { name: "insert", request: query("INSERT INTO soak_writes VALUES ('x')"), writes: 1, weight: 4 },
  {
    name: "COPY in",
    request: Buffer.concat([query("COPY soak_writes FROM STDIN"), ...COPY_LINES, message("c")]),
    writes: COPY_LINES.length,
    weight: 2,
  },
  {
    name: "COPY out",
    request: query("COPY (SELECT * FROM soak_items WHERE id <= 50 ORDER BY id) TO STDOUT"),
    weight: 1,
  },
  {
    name: "transaction",
    request: query("BEGIN; INSERT INTO soak_writes VALUES ('y'); ROLLBACK"),
    weight: 1,
  },
  { name: "error", request: query("SELECT 1/0"), weight: 1 },
  { name: "empty", request: query(""), weight: 1 },
  { name: "notice", request: query("DO $$ BEGIN RAISE NOTICE 'soak'; END $$"), weight: 1 },
];

/** Makes the tables; `port` is the database's own. */
export async function fillTables(port: number, publicKey: Uint8Array): Promise<void> {
  const client = await login(port);
  const struct = Buffer.from(createAcrastruct(new TextEncoder().encode(SECRET), publicKey));
  const statements = [
    "CREATE UNLOGGED TABLE soak_items AS SELECT g AS id, 'item ' || g AS name FROM " +
      `generate_series(1, ${ITEMS}) g`,
    "CREATE INDEX ON soak_items (id)",
    "CREATE UNLOGGED TABLE soak_writes (text text)",
    "CREATE UNLOGGED TABLE soak_secrets AS SELECT g AS id, " +
      `'\\x${struct.toString("hex")}'::bytea AS secret FROM generate_series(1, ${SECRETS}) g`,
    "ANALYZE",
  ];
  for (const statement of statements) {
    client.send(query(statement));
    await answerOf(client);
  }
  client.close();
}

/**
 * Asks everything once through acra and once directly: where nothing is to be opened the answers
 * must be equal.
 */
export async function learnExchanges(port: number, directPort: number): Promise<MixedExchange[]> {
  const [client, direct] = [await login(port), await login(directPort)];
  const exchanges: MixedExchange[] = [];
  for (const { name, request, opened, writes = 0, weight } of REQUESTS) {
    client.send(request);
    const { answer, count } = await answerOf(client);
    direct.send(request);
    const plain = await answerOf(direct);
    const right = opened ? answer.includes(opened) : answer.equals(plain.answer);
    if (!right) {
      throw new Error(`${name}: the answer through acra is wrong:\n${answer.toString("latin1")}`);
    }
    const sent = new MessageReader().push(request).length;
    exchanges.push({ name, request, answer, messages: sent + count, writes, weight });
  }
  client.close();
  direct.close();
  return exchanges;
}

/** How many rows were written so far. */
export async function countWrites(port: number): Promise<number> {
  const client = await login(port);
  client.send(query("SELECT count(*) FROM soak_writes"));
  const row = (await client.until("Z")).find(({ type }) => type === "D");
  client.close();
  return Number(row?.body.toString("latin1", 6));
}

async function login(port: number): Promise<RawClient> {
  const client = await RawClient.connect(port);
  client.send(startupMessage({ user: "postgres", database: "postgres" }));
  await client.until("Z");
  return client;
}

async function answerOf(client: RawClient): Promise<{ answer: Buffer; count: number }> {
  const messages = await client.until("Z");
  return { answer: Buffer.concat(messages.map(({ raw }) => raw)), count: messages.length };
}

function query(sql: string): Buffer {
  return message("Q", `${sql}\0`);
}

function parse(sql: string): Buffer {
  return message("P", `\0${sql}\0\0\0`);
}

/** The unnamed portal of the unnamed statement, without parameters. */
function bind({ binary = false }: { readonly binary?: boolean }): Buffer {
  const formats = binary ? [0, 1, 0, 1] : [0, 0];
  return message("B", Buffer.from([0, 0, 0, 0, 0, 0, ...formats]));
}

function execute(): Buffer {
  return message("E", Buffer.from([0, 0, 0, 0, 0]));
}
