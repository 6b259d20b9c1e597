/**
 * A conversation that holds every type of message of PostgreSQL's protocol, the same each time but
 * for the rows that it writes. What it received is a transcript, which can be compared with that of
 * a tour without faults.
 */

import { message, RawClient, type ReceivedMessage, startupMessage } from "../harness/pg_peers.ts";
import type { Ledger, Row } from "./ledger.ts";
import { authenticate } from "./scram.ts";

/** Types that the tour sends, with how often to count up to one, and whether it has a body. */
export const CLIENT_MESSAGES = "startup p:1 p:2 Q P B D E C S H F f d c X".split(" ");
/** Types that the tour receives. */
export const DATABASE_MESSAGES =
  "v R:1 R:2 R:3 R:4 S K Z 1 2 3 n t s T D C I N E A V G H d c".split(" ");
/** Types that consist of a header only. */
export const WITHOUT_BODY = {
  up: new Set("S H c X".split(" ")),
  down: new Set("1 2 3 n s I c".split(" ")),
};

const INT4_PLUS = 177;

/** Where a tour logs in. */
export interface TourTarget {
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  /** Whether to ask for TLS. */
  readonly tls: boolean;
}

/** How a tour ended. */
export interface TourResult {
  readonly transcript: readonly ReceivedMessage[];
  readonly complete: boolean;
}

type Group = ReturnType<Ledger["begin"]>;

/** One step: a request, and what it means for the ledger when its answer is there. */
interface Step {
  readonly request: Buffer;
  readonly writes?: Group;
}

/** Runs the whole tour, or as much of it as the connection lives. */
export async function runTour(target: TourTarget, ledger: Ledger): Promise<TourResult> {
  const transcript: ReceivedMessage[] = [];
  const client = await connectTo(target).catch(() => null);
  if (client === null) {
    return { transcript, complete: false };
  }
  try {
    await logIn(client, target, transcript);
    for (const { request, writes } of stepsOf(ledger)) {
      client.send(request);
      const answer = await client.until("Z");
      transcript.push(...answer);
      if (writes !== undefined && !answer.some(({ type }) => type === "E")) {
        ledger.settle(writes, "acknowledged");
      }
    }
    client.send(message("X"));
    transcript.push(...(await client.untilClosed()));
    return { transcript, complete: true };
  } catch {
    transcript.push(...(await client.untilClosed()));
    return { transcript, complete: false };
  } finally {
    client.close();
  }
}

/** Connects, with TLS where it is asked for. */
export function connectTo({ port, tls }: TourTarget): Promise<RawClient> {
  return tls ? RawClient.connectTls(port) : RawClient.connect(port);
}

/** Logs in; what comes is added to the transcript. */
export async function logIn(
  client: RawClient,
  { user, password, database }: TourTarget,
  transcript: ReceivedMessage[] = [],
): Promise<void> {
  // The unknown option makes the database answer with NegotiateProtocolVersion.
  client.send(startupMessage({ user, database, "_pq_.acra_tour": "1" }));
  await authenticate(client, password, transcript);
  transcript.push(...(await client.until("Z")));
}

function stepsOf(ledger: Ledger): Step[] {
  const [one, two, three, four, five] = [1, 1, 3, 2, 2].map((count) => ledger.begin(count));
  if (!(one && two && three && four && five)) {
    throw new TypeError("no rows");
  }
  // Whatever happens, these are never to be written: the tour never commits them.
  ledger.settle(five, "refused");
  return [
    { request: query(insertOf(one.rows)), writes: one },
    { request: query("SELECT id, note, secret FROM fixture ORDER BY id") },
    { request: insertWithParameters(two.rows), writes: two },
    { request: readThroughPortal() },
    { request: query("") },
    { request: copyIn(three.rows, message("c")), writes: three },
    { request: query(`BEGIN; ${insertOf(four.rows.slice(0, 1))}`) },
    { request: query(insertOf(four.rows.slice(1))) },
    { request: query("COMMIT"), writes: four },
    { request: copyIn(five.rows, message("f", "the client changed its mind\0")) },
    { request: query("COPY (SELECT id, note FROM fixture ORDER BY id) TO STDOUT") },
    { request: query("DO $$ BEGIN RAISE NOTICE 'this is one'; END $$") },
    { request: query("SELECT 1/0") },
    { request: query("LISTEN tour; NOTIFY tour, 'to oneself'") },
    { request: callFunction(19, 23) },
    { request: query("SET application_name TO tour") },
    { request: query("SELECT id, secret FROM fixture ORDER BY id DESC") },
  ];
}

function query(sql: string): Buffer {
  return message("Q", `${sql}\0`);
}

function insertOf(rows: readonly Row[]): string {
  const values = rows.map(
    ({ id, note, secret }) => `(${id}, '${note}', '\\x${secret.toString("hex")}')`,
  );
  return `INSERT INTO ledger VALUES ${values.join(", ")}`;
}

function copyIn(rows: readonly Row[], end: Buffer): Buffer {
  const lines = rows.map(({ id, note, secret }) =>
    message("d", `${id}\t${note}\t\\\\x${secret.toString("hex")}\n`),
  );
  return Buffer.concat([query("COPY ledger FROM STDIN"), ...lines, end]);
}

function insertWithParameters(rows: readonly Row[]): Buffer {
  const [row] = rows;
  const sql = "INSERT INTO ledger VALUES ($1, $2, $3)";
  return Buffer.concat([
    message("P", `\0${sql}\0\0\0`),
    message("D", "S\0"),
    bind("", [String(row?.id), row?.note ?? "", row?.secret ?? Buffer.alloc(0)]),
    execute(0),
    message("S"),
  ]);
}

/** A named statement and a portal that is read in two parts, with Flush between them. */
function readThroughPortal(): Buffer {
  return Buffer.concat([
    message("P", "s\0SELECT id, secret FROM fixture WHERE id > $1 ORDER BY id\0\0\0"),
    message("D", "Ss\0"),
    message("H"),
    bind("s", ["0"], true),
    execute(5),
    execute(0),
    message("C", "P\0"),
    message("C", "Ss\0"),
    message("S"),
  ]);
}

/** Bytes are a binary parameter, text is one in text; all results in one format. */
function bind(statement: string, values: readonly (string | Buffer)[], binary = false): Buffer {
  const formats = values.map((value) => int16(typeof value === "string" ? 0 : 1));
  const parameters = values.map((value) => {
    const bytes = Buffer.from(value);
    return Buffer.concat([int32(bytes.length), bytes]);
  });
  return message(
    "B",
    Buffer.concat([
      Buffer.from(`\0${statement}\0`),
      int16(formats.length),
      ...formats,
      int16(parameters.length),
      ...parameters,
      int16(1),
      int16(binary ? 1 : 0),
    ]),
  );
}

function execute(limit: number): Buffer {
  return message("E", Buffer.concat([Buffer.from("\0"), int32(limit)]));
}

function callFunction(left: number, right: number): Buffer {
  const argument = (value: number): Buffer => Buffer.concat([int32(4), int32(value)]);
  return message(
    "F",
    Buffer.concat([
      int32(INT4_PLUS),
      int16(1),
      int16(1),
      int16(2),
      argument(left),
      argument(right),
      int16(1),
    ]),
  );
}

function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}
