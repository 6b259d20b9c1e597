/**
 * The whole session object of PostgreSQL: bytes of both sides in any order and any chunks. What
 * nothing opens must leave as it came; what the chunks are must not matter.
 */

import { concatBytes } from "../../../src/bytes/mod.ts";
import {
  createDecryptor,
  createPoisonAlarm,
  createZoneDecryptor,
  type SessionEvents,
  type SessionFailure,
  type Side,
  type Stage,
} from "../../../src/pipeline/mod.ts";
import { dataRow, message } from "../../harness/pg_peers.ts";
import { below, type Random } from "../../harness/random.ts";
import { type RigOptions, rememberingKey, SessionRig } from "../../harness/session_rig.ts";
import { cutBytes } from "../cuts.ts";
import {
  exchangeSteps,
  KIND,
  mutateConversation,
  REPEATS,
  startupSteps,
} from "../postgres_grammar.ts";
import { decodeScript, encodeScript, type Script, shortenScript } from "../script.ts";
import { fixedAcraStruct, vectorPrivateKey } from "../sealed.ts";
import { ascii, demand, type FuzzTarget, sameBytes } from "../target.ts";

/** The first only happens before the database has sent anything. */
const FAILURES: readonly SessionFailure[] = ["database-unreachable", "shutdown", "startup-timeout"];
/** Judged after each chunk: how the stream is cut decides when it is seen. */
const LIMIT_REACHED = "too many unanswered requests";
const SIDES = ["client", "database"] as const;
const storage = rememberingKey(vectorPrivateKey("client_storage"));
const poison = rememberingKey(vectorPrivateKey(".poison_key/poison_key"));
const zones = new Map(
  ["DDDDDDDDahaZSPdQCIdrlUnU", "DDDDDDDDDmakNnozaoSQFnDW"].map((id) => [
    id,
    rememberingKey(vectorPrivateKey(`${id}_zone`)),
  ]),
);

/** What the four option bytes of a script choose. */
interface Plan {
  readonly isReady: boolean;
  readonly opens: boolean;
  readonly rig: RigOptions;
  /** Ends the streams in this order. */
  readonly ends: readonly Side[];
  /** The database ends while its last bytes wait for their turns. */
  readonly endsEarly: boolean;
}

function readPlan(options: number): Plan {
  const mode = options & 1 ? "injected-cell" : "whole-cell";
  const opens = (options & 2) !== 0;
  const hasZones = (options & 4) !== 0;
  const stages = (events: SessionEvents): readonly Stage[] => {
    const find = <Key>(key: Key): Key | null => findKey(key, (options >> 11) & 7);
    const findZoneKey = (id: string) => find(zones.get(id) ?? null);
    const decryptor = hasZones
      ? createZoneDecryptor({ findZoneKey, mode, events })
      : createDecryptor(() => find(storage), events);
    return opens
      ? [decryptor, createPoisonAlarm(() => find(poison), events)]
      : [{ open: () => null }];
  };
  return {
    isReady: (options & 8) === 0,
    opens,
    rig: {
      mode,
      stages,
      byteaFormat: options & 16 ? "escape" : "hex",
      openingsPerTurn: 1 + ((options >> 5) & 3),
      maxRowBytes: [64 * 1024 * 1024, 100, 400, 2000][(options >> 7) & 3] ?? 0,
      requestLimits: options & 512 ? { requests: 3, bytes: 8 } : { requests: 1000, bytes: 65_536 },
    },
    ends: options & 1024 ? ["client", "database"] : ["database", "client"],
    endsEarly: (options & (2 ** 14)) !== 0,
  };
}

/** Keys are mostly there, but may be missing or unreadable. */
function findKey<Key>(key: Key, choice: number): Key | null {
  if (choice === 1) {
    throw new Error("the key cannot be read");
  }
  return choice === 2 ? null : key;
}

/** What came out of a session for the same steps. */
interface Outcome {
  readonly given: Readonly<Record<Side, Uint8Array>>;
  readonly got: Readonly<Record<Side, Uint8Array>>;
  readonly closed: string | null;
  readonly phase: string;
  readonly alarms: number;
  readonly events: string;
}

function play(script: Script, plan: Plan, isCut: boolean): Outcome {
  const rig = plan.isReady ? SessionRig.ready(plan.rig) : new SessionRig(plan.rig);
  const given: Record<Side, Uint8Array[]> = { client: [], database: [] };
  // One step that is repeated is enough; more would take their time.
  let isRepeated: boolean = false;
  for (const { kind, body } of script.steps) {
    if (rig.closed !== null) {
      break;
    }
    const side = kind & KIND.database ? "database" : "client";
    if (kind & KIND.fail) {
      const first = given.database.length > 0 || plan.isReady ? 1 : 0;
      rig.take(rig.session.fail(FAILURES[Math.max(first, kind % FAILURES.length)] ?? "shutdown"));
    } else {
      const cut = isCut ? (kind >> KIND.cutShift) % KIND.cuts : 0;
      const times: number = kind & KIND.repeat && !isRepeated && body.length < 2048 ? REPEATS : 1;
      isRepeated ||= times > 1;
      for (let round = 0; round < times && rig.closed === null; round++) {
        given[side].push(body);
        rig[side](...cutBytes(body, cut));
      }
    }
    checkState(rig);
  }
  if (plan.endsEarly && rig.closed === null) {
    endEarly(rig, LAST_ROWS);
    given.database.push(LAST_ROWS);
  }
  for (const side of plan.ends) {
    rig.end(side);
  }
  return {
    given: { client: concatBytes(...given.client), database: concatBytes(...given.database) },
    got: { client: rig.received("client"), database: rig.received("database") },
    closed: rig.closed,
    phase: rig.session.phase,
    alarms: rig.alarms.length,
    events: JSON.stringify(rig.events),
  };
}

/** Rows for more than one turn, and a piece of another. */
const LAST_ROWS = concatBytes(
  ...Array.from({ length: 6 }, () => dataRow([fixedAcraStruct(ascii("x"), storage.publicKey)])),
  ascii("D\0\0\0"),
);

/** The end of the stream is seen before the bytes before it are worked on. */
function endEarly(rig: SessionRig, last: Uint8Array): void {
  rig.take(rig.session.receive("database", last));
  rig.end("database");
  while (rig.session.hasWork("database")) {
    rig.take(rig.session.resume("database"));
  }
}

function checkState({ session, closed, events }: SessionRig): void {
  demand((session.phase === "closed") === (closed !== null), "closed or not");
  demand(!session.idle || session.phase !== "authentication", "idle while it authenticates");
  demand(!SIDES.some((side) => session.hasWork(side)), "work is left");
  demand(events.trackingLost <= 1, "track is lost twice");
}

const OWN_ERROR = ascii("SFATAL\0VFATAL\0");
const ERROR_HEADER_LENGTH = 5;

/** What the client got of the database, without an error of ours behind it. */
function withoutOwnError(bytes: Uint8Array, closed: string | null): Uint8Array {
  const at = closed === null ? -1 : Buffer.from(bytes).lastIndexOf(OWN_ERROR);
  return at < ERROR_HEADER_LENGTH ? bytes : bytes.subarray(0, at - ERROR_HEADER_LENGTH);
}

/** Whole messages of a stream as texts, and what is left. */
function frames(bytes: Uint8Array): { messages: readonly string[]; rest: Uint8Array } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const messages: string[] = [];
  let at = 0;
  while (at + ERROR_HEADER_LENGTH <= bytes.length) {
    const end = at + 1 + view.getUint32(at + 1);
    if (end > bytes.length || end < at + ERROR_HEADER_LENGTH) {
      break;
    }
    messages.push(Buffer.from(bytes.subarray(at, end)).toString("latin1"));
    at = end;
  }
  return { messages, rest: bytes.subarray(at) };
}

/** A row that is cut and has a tag in it is dropped at the end: no alarm could stand before it. */
function isDroppedRow(rest: Uint8Array): boolean {
  const text = Buffer.from(rest).toString("latin1");
  return text.startsWith("D") && (text.includes('"'.repeat(8)) || text.includes("2".repeat(16)));
}

function checkUnchanged(side: Side, { given, got, closed }: Outcome): void {
  const input = given[side === "client" ? "database" : "client"];
  const output = side === "client" ? withoutOwnError(got.client, closed) : got.database;
  demand(sameBytes(output, input.subarray(0, output.length)), `the ${side} gets other bytes`);
  const rest = input.subarray(output.length);
  const isComplete = rest.length === 0 || (side === "client" && isDroppedRow(rest));
  demand(closed !== null || isComplete, `the ${side} does not get everything`);
  if (side === "client" && output.length < got.client.length) {
    demand(frames(output).rest.length === 0, "an error of ours in the middle of a message");
  }
}

/** Rows may change, but only into rows; everything else stays as it is. */
function checkRows({ given, got, closed }: Outcome): void {
  const before = frames(given.database).messages;
  const after = frames(withoutOwnError(got.client, closed)).messages;
  demand(after.length <= before.length, "more messages arrive than were sent");
  demand(closed !== null || after.length === before.length, "messages are lost");
  for (const [index, text] of after.entries()) {
    const old = before[index] ?? "";
    demand(text === old || (text.startsWith("D") && old.startsWith("D")), "a message changes");
  }
}

function run(input: Uint8Array): void {
  const script = decodeScript(input);
  const plan = readPlan(script.options);
  const whole = play(script, plan, false);
  const cut = play(script, plan, true);
  const isLimited = whole.closed === LIMIT_REACHED || cut.closed === LIMIT_REACHED;
  for (const side of isLimited ? [] : SIDES) {
    demand(sameBytes(whole.got[side], cut.got[side]), `cutting changes what the ${side} gets`);
  }
  demand(isLimited || whole.closed === cut.closed, "cutting changes the end");
  demand(isLimited || whole.phase === cut.phase, "cutting changes the state");
  demand(isLimited || whole.alarms === cut.alarms, "cutting changes the alarms");
  if (plan.isReady) {
    checkUnchanged("database", cut);
    if (plan.opens) {
      checkRows(cut);
    } else {
      checkUnchanged("client", cut);
    }
  }
}

function anyConversation(random: Random): Uint8Array {
  const isReady = random() < 0.75;
  const options = (below(2 ** 15, random) & ~8) | (isReady ? 0 : 8);
  const steps = isReady
    ? exchangeSteps(random)
    : [...startupSteps(random), ...exchangeSteps(random)];
  // Opening costs a hundred times as much as passing on: most conversations do without.
  return encodeScript({ options: random() < 0.6 ? options & ~2 : options, steps });
}

/** The state machine of a PostgreSQL session. */
export const PG_SESSION: FuzzTarget = {
  name: "pg_session",
  weight: 80,
  maximumLength: 16 * 1024,
  allocation: { largest: 1024 * 1024, total: 64 * 1024 * 1024 },
  seeds: [encodeScript({ options: 0, steps: [{ kind: 0, body: message("Q", "SELECT 1\0") }] })],
  dictionary: [
    ...["Q", "P", "B", "E", "S", "D", "T", "Z", "1", "2", "3", "t", "n", "s", "G", "H", "W"],
    ...['""""""""', "\\x2222222222222222", "DDDDDDDD", "\xff\xff\xff\xff", "\0\0\0\x04"],
  ].map(ascii),
  generate: anyConversation,
  mutate: mutateConversation,
  shorten: shortenScript,
  run,
};
