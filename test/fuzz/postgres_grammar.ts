/** Conversations between a PostgreSQL client and a database, as they are in life, to be disturbed. */

import { concatBytes } from "../../src/bytes/mod.ts";
import {
  AUTHENTICATION_OK,
  dataRow,
  message,
  READY_IDLE,
  rowDescription,
  startupMessage,
} from "../harness/pg_peers.ts";
import { below, pick, type Random, several } from "../harness/random.ts";
import { anyMessage } from "../harness/random_messages.ts";
import acraVectors from "../vectors/acra.json";
import { type MutationSources, mutateBytes } from "./mutate.ts";
import { decodeScript, encodeScript, mutateScript, type Step } from "./script.ts";
import { fixedAcraStruct, vectorPrivateKey } from "./sealed.ts";
import { ascii } from "./target.ts";

/** Bits of a step's kind: who sends, how it is cut, whether the body comes again and again. */
export const KIND = { database: 1, cutShift: 1, cuts: 8, fail: 16, repeat: 32 } as const;
/** How often a body comes that is repeated. */
export const REPEATS = 80;

const storage = vectorPrivateKey("client_storage").publicKey;
const poison = vectorPrivateKey(".poison_key/poison_key").publicKey;
const foreign = vectorPrivateKey("alice_01_storage").publicKey;
/** The id of a zone of the vectors. */
const ZONE_ID = "DDDDDDDDahaZSPdQCIdrlUnU";
const zone = vectorPrivateKey(`${ZONE_ID}_zone`).publicKey;
const PLAIN = ascii("secret");
const SEALED = [
  fixedAcraStruct(PLAIN, storage),
  fixedAcraStruct(PLAIN, foreign),
  fixedAcraStruct(PLAIN, poison),
  fixedAcraStruct(PLAIN, zone, ascii(ZONE_ID)),
];

type Cell = Uint8Array | null;

/** Whole columns of the vectors for PostgreSQL. */
const VECTOR_CELLS: readonly Cell[] = acraVectors.cells
  .filter(({ db }) => db === "pg")
  .flatMap(({ columns_in_b64: columns }) => columns)
  .map((column) => (column === null ? null : Uint8Array.fromBase64(column)))
  .filter((cell) => cell === null || cell.length < 1024);

function hex(bytes: Uint8Array): Uint8Array {
  return ascii(`\\x${bytes.toHex()}`);
}

function anyCell(random: Random): Cell {
  const struct = pick(SEALED, random);
  switch (below(15, random)) {
    case 0:
      return null;
    case 1:
      return new Uint8Array();
    case 2:
      return struct;
    case 3:
      return hex(struct);
    case 4:
      return ascii(struct.toHex());
    case 5:
      return concatBytes(ascii('x""'), struct, ascii('"'));
    case 6:
      return hex(concatBytes(ascii("ab"), struct, struct.subarray(0, below(200, random))));
    case 7:
      return hex(struct.subarray(0, below(struct.length, random)));
    case 8:
      return ascii(ZONE_ID);
    case 9:
      return hex(ascii(`x${ZONE_ID}`));
    case 10:
      return ascii('"'.repeat(below(200, random)));
    case 11:
      return pick(VECTOR_CELLS, random);
    case 12:
      return random() < 0.05 ? ascii('"'.repeat(5000)) : concatBytes(hex(struct), ascii("0020"));
    default:
      return ascii("plain text ".repeat(below(4, random)));
  }
}

function rows(columns: number, random: Random): Uint8Array[] {
  return several(below(4, random), () => dataRow(several(columns, () => anyCell(random))));
}

/** What one side sends, then the other, in the order of an ordinary exchange. */
interface Exchange {
  readonly client: Uint8Array;
  readonly database: Uint8Array;
}

function exchange(client: readonly Uint8Array[], database: readonly Uint8Array[]): Exchange {
  return { client: concatBytes(...client), database: concatBytes(...database) };
}

const COMPLETE = message("C", "SELECT 1\0");
const ERROR = message("E", "SERROR\0C42601\0Mno\0\0");
const SYNC = message("S");
const NOTICE = message("N", "SNOTICE\0Mhello\0\0");

function ready(random: Random): Uint8Array {
  return message("Z", pick("IIITE", random));
}

function simpleQuery(random: Random): Exchange {
  const answers = several(1 + below(2, random), () => {
    const columns = below(5, random);
    const formats = several(columns, () => below(2, random));
    return [rowDescription(formats), ...rows(columns, random), COMPLETE];
  });
  const end = random() < 0.2 ? [ERROR] : [];
  return exchange([message("Q", "SELECT\0")], [...answers.flat(), ...end, ready(random)]);
}

function bind(name: string, formats: readonly number[]): Uint8Array {
  const codes = formats.flatMap((format) => [0, format]);
  const head = ascii(`${name}\0s\0\0\0\0\x01\0\0\0\x02ab`);
  return message("B", concatBytes(head, Uint8Array.of(0, formats.length, ...codes)));
}

function extendedQuery(random: Random): Exchange {
  const name = pick(["", "p", "portal two"], random);
  const columns = 1 + below(4, random);
  const formats = several(pick([0, 1, columns], random), () => below(2, random));
  const asked: Uint8Array[] = [];
  const answered: Uint8Array[] = [];
  const add = (request: Uint8Array, ...answer: readonly Uint8Array[]) => {
    if (random() < 0.85) {
      asked.push(request);
      answered.push(...answer);
    }
  };
  const described = rowDescription(several(columns, () => formats[0] ?? 0));
  add(message("P", "s\0SELECT\0\0\0"), message("1"));
  add(message("D", "Ss\0"), message("t", Uint8Array.of(0, 0)), described);
  add(bind(name, formats), message("2"));
  add(message("D", `P${name}\0`), random() < 0.8 ? described : message("n"));
  const end = random() < 0.7 ? COMPLETE : message("s");
  add(message("E", `${name}\0\0\0\0\0`), ...rows(columns, random), end);
  add(message("C", `P${name}\0`), message("3"));
  if (random() < 0.15) {
    answered.splice(below(answered.length + 1, random), answered.length, ERROR);
  }
  const ends = random() < 0.9;
  return exchange(
    [...asked, ends ? SYNC : message("H")],
    [...answered, ...(ends ? [ready(random)] : [])],
  );
}

function copyIn(random: Random): Exchange {
  const data = several(below(3, random), () => message("d", "1\t2\n"));
  const end = random() < 0.8 ? message("c") : message("f", "stop\0");
  const isExtended = random() < 0.5;
  const begin = isExtended
    ? [message("P", "\0COPY\0\0\0"), bind("", []), message("E", "\0\0\0\0\0"), SYNC]
    : [message("Q", "COPY\0")];
  const answers = isExtended ? [message("1"), message("2")] : [];
  const after = isExtended && random() < 0.7 ? [SYNC] : [];
  const result = random() < 0.8 ? COMPLETE : ERROR;
  return exchange(
    [...begin, ...data, end, ...after],
    [...answers, message("G", Uint8Array.of(0, 0, 0)), result, ready(random)],
  );
}

function copyOut(random: Random): Exchange {
  const data = several(below(4, random), () => message("d", anyCell(random) ?? "x"));
  const head = message(pick("HHW", random), Uint8Array.of(0, 0, 0));
  return exchange([message("Q", "COPY\0")], [head, ...data, message("c"), COMPLETE, ready(random)]);
}

function functionCall(random: Random): Exchange {
  const call = message("F", Uint8Array.of(0, 0, 0, 1, 0, 0, 0, 0, 0, 0));
  return exchange([call], [message("V", Uint8Array.of(0, 0, 0, 1, 7)), ready(random)]);
}

function unasked(random: Random): Exchange {
  const sent = [NOTICE, message("A", "\0\0\0\x01ch\0x\0"), message("S", "TimeZone\0UTC\0")];
  return exchange([], [pick(sent, random)]);
}

function emptyQuery(random: Random): Exchange {
  return exchange([message("Q", "\0")], [message("I"), ready(random)]);
}

/** A request for encryption twice is refused. */
const SSL_REQUEST = ascii("\0\0\0\x08\x04\xd2\x16\x2f");

function disorder(random: Random): Exchange {
  return exchange(
    several(below(3, random), () => anyMessage("client", random)),
    several(below(3, random), () => anyMessage("database", random)),
  );
}

const EXCHANGES = [
  simpleQuery,
  simpleQuery,
  extendedQuery,
  extendedQuery,
  extendedQuery,
  copyIn,
  copyOut,
  functionCall,
  unasked,
  emptyQuery,
  disorder,
];

/** Start-up as drivers do it, with the requests for encryption before it. */
export function startupSteps(random: Random): readonly Step[] {
  const steps: Step[] = [];
  const add = (from: "client" | "database", body: Uint8Array) => {
    const side = from === "database" ? KIND.database : 0;
    steps.push({ kind: side | (anyCut(random) << KIND.cutShift), body });
  };
  if (random() < 0.03) {
    add("client", ascii("\x16\x03\x01\0\xff"));
  }
  while (random() < 0.3) {
    add("client", SSL_REQUEST);
  }
  if (random() < 0.2) {
    add("client", ascii("\0\0\0\x08\x04\xd2\x16\x30"));
  }
  if (random() < 0.1) {
    add("client", ascii("\0\0\0\x10\x04\xd2\x16\x2e\0\0\0\x01\0\0\0\x02"));
    steps.push({ kind: KIND.fail | below(3, random), body: new Uint8Array() });
    return steps;
  }
  add("client", startupMessage({ user: "me", database: "db" }));
  add("database", message("R", ascii("\0\0\0\x0aSCRAM-SHA-256\0\0")));
  add("client", message("p", "SCRAM-SHA-256\0\0\0\0\x01x"));
  const parameters = message("S", "server_version\x0018\0");
  add("database", concatBytes(AUTHENTICATION_OK, parameters, message("K", "pid,key!"), READY_IDLE));
  return steps;
}

/** Some exchanges; pipelined ones are asked before any is answered. */
export function exchangeSteps(random: Random): readonly Step[] {
  const exchanges = several(1 + below(4, random), () => pick(EXCHANGES, random)(random));
  const isPipelined = random() < 0.3;
  const asked = exchanges.map(({ client }): Step => step(0, client, random));
  const answered = exchanges.map(({ database }): Step => step(KIND.database, database, random));
  const steps = isPipelined
    ? [...asked, ...answered]
    : asked.flatMap((request, index) => [request, answered[index] ?? request]);
  const all = random() < 0.03 ? [...steps, ...largeMessage(random)] : steps;
  return random() < 0.1
    ? [...all, { kind: KIND.fail | below(3, random), body: new Uint8Array() }]
    : all;
}

/** A message that comes in many pieces, longer than what is collected at first. */
function largeMessage(random: Random): readonly Step[] {
  const side = below(2, random);
  const piece = random() < 0.5 ? ascii("x".repeat(1024)) : ascii(`x""""""""${"y".repeat(1015)}`);
  const length = piece.length * REPEATS;
  const head = message(side === 1 ? pick("DDTd", random) : pick("BQEd", random));
  new DataView(head.buffer, head.byteOffset).setUint32(1, 4 + 6 + length);
  const cell = Uint8Array.of(0, 1, 0, length >> 16, (length >> 8) & 0xff, length & 0xff);
  return [step(side, concatBytes(head, cell), random), step(side | KIND.repeat, piece, random)];
}

function step(side: number, body: Uint8Array, random: Random): Step {
  return { kind: side | (anyCut(random) << KIND.cutShift), body };
}

function anyCut(random: Random): number {
  return random() < 0.4 ? 0 : below(KIND.cuts, random);
}

const LETTERS = "QPBDECFSHdcfXpTDCZE123ntsIVGHWdcNASK";
const SIDES = ["client", "database"] as const;

/** Changes whole messages, of which the lengths stay right, as often as steps and bytes. */
export function mutateConversation(input: Uint8Array, sources: MutationSources): Uint8Array {
  const { random, maximumLength } = sources;
  const { options, steps } = decodeScript(input);
  const index = below(steps.length, random);
  const chosen = steps[index];
  if (chosen === undefined || random() < 0.5) {
    return mutateScript(input, sources);
  }
  const body = mutateMessages(chosen.body, sources);
  const bytes = encodeScript({ options, steps: steps.with(index, { ...chosen, body }) });
  return bytes.length > maximumLength ? input : bytes;
}

function mutateMessages(bytes: Uint8Array, sources: MutationSources): Uint8Array {
  const { random } = sources;
  const messages = splitMessages(bytes);
  const at = below(messages.length, random);
  const chosen = messages[at];
  if (chosen === undefined) {
    return bytes;
  }
  const letter = String.fromCharCode(chosen[0] ?? 0);
  const content = chosen.subarray(5);
  switch (below(6, random)) {
    case 0:
      return concatBytes(...messages.toSpliced(at, 1));
    case 1:
      return concatBytes(...messages.toSpliced(below(messages.length, random), 0, chosen));
    case 2:
      return concatBytes(...messages.with(at, message(pick(LETTERS, random), content)));
    case 3:
      return concatBytes(...messages.toSpliced(at, 0, anyMessage(pick(SIDES, random), random)));
    default:
      return concatBytes(...messages.with(at, message(letter, mutateBytes(content, sources))));
  }
}

/** The messages of a stream; the last one may be cut. */
function splitMessages(bytes: Uint8Array): Uint8Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const messages: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = at + 5 <= bytes.length ? 1 + view.getUint32(at + 1) : bytes.length;
    messages.push(bytes.subarray(at, at + Math.max(5, length)));
    at += Math.max(5, length);
  }
  return messages;
}
