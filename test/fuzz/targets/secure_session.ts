/**
 * Secure Session: both sides with a whole handshake whose messages are mutated, reordered, repeated
 * and cut; the messages alone; the records behind them.
 */

import { concatBytes, FormatError } from "../../../src/bytes/mod.ts";
import { DecryptError, gcmSeal } from "../../../src/crypto/mod.ts";
import { SecureSessionError } from "../../../src/themis/mod.ts";
import {
  decodeFinish,
  decodeIntroduction,
  decodeProof,
  encodeFinish,
  encodeIntroduction,
  encodeProof,
} from "../../../src/themis/session/messages.ts";
import { RecordLayer } from "../../../src/themis/session/record_layer.ts";
import { SessionMachine } from "../../../src/themis/session/session_machine.ts";
import { below, pick, type Random, several } from "../../harness/random.ts";
import { repairChecksums } from "../repair.ts";
import { decodeScript, encodeScript, mutateScript, type Step, shortenScript } from "../script.ts";
import { fixedBytes, vectorPrivateKey } from "../sealed.ts";
import { tamper } from "../tamper.ts";
import { ascii, attempt, demand, type FuzzTarget, sameBytes } from "../target.ts";

const NOW = 1_700_000_000;
const DAY = 86_400;
const CLIENT_ID = "client";
const clientKey = vectorPrivateKey("client");
const serverKey = vectorPrivateKey("client_server");
const ephemerals = ["alice_01", "alice_01_server"].map(vectorPrivateKey);
const FRAMES = { largest: 256 * 1024, total: 4 * 1024 * 1024 };
const TAGS = ["TSPM", "TSID", "UEC2"].map(ascii);
const NOTHING = new Uint8Array();

/** One side, and what it has sent and accepted. */
class Party {
  readonly machine: SessionMachine;
  /** Handshake messages. */
  readonly sent: Uint8Array[] = [];
  readonly records: { readonly record: Uint8Array; readonly payload: Uint8Array }[] = [];
  /** Numbers of the peer's records that were accepted. */
  lastAccepted = -1;
  /** Whether it was given any handshake message that its peer did not send as it is. */
  deceived = false;

  constructor(name: "client" | "server") {
    const isClient = name === "client";
    const [client, server] = ephemerals;
    const ephemeral = isClient ? client : server;
    this.machine = new SessionMachine(
      {
        id: ascii(isClient ? CLIENT_ID : "server"),
        privateKey: isClient ? clientKey : serverKey,
        findPeer: (id) => findPeer(Buffer.from(id).toString("latin1")),
      },
      { generateEphemeral: () => ephemeral ?? clientKey, random: fixedBytes },
    );
  }
}

function findPeer(id: string) {
  return { client: clientKey, server: serverKey }[id]?.publicKey ?? null;
}

/** Two sides, and everything that the network may do to what they send. */
class Network {
  readonly client = new Party("client");
  readonly server = new Party("server");

  play({ kind, body }: Step): void {
    const [to, from] = kind % 2 === 0 ? [this.server, this.client] : [this.client, this.server];
    switch ((kind >> 1) % 8) {
      case 0:
      case 1:
        this.#deliver(to, from, from.sent.at(-1) ?? NOTHING, body);
        break;
      case 2:
        this.#deliver(to, from, from.sent[(body[0] ?? 0) % 2] ?? NOTHING, body.subarray(1));
        break;
      case 3:
        // What the side sent itself comes back to it.
        this.#deliver(to, from, to.sent.at(-1) ?? body, NOTHING);
        break;
      case 4:
        this.#send(from, body);
        break;
      case 5:
        this.#open(to, from, body);
        break;
      case 6:
        attempt(() => to.sent.push(to.machine.connect()), SecureSessionError);
        break;
      case 7:
        this.#openAnything(to, body);
        break;
    }
    this.#check();
  }

  #deliver(to: Party, from: Party, genuine: Uint8Array, changes: Uint8Array): void {
    const message = tamper(genuine, changes);
    const isGenuine = from.sent.some((sent) => sameBytes(sent, message.subarray(0, sent.length)));
    const wasEstablished = to.machine.established;
    to.deceived ||= !isGenuine && !wasEstablished;
    const reply = attempt(() => to.machine.receive(message), FormatError, SecureSessionError);
    if (reply !== null) {
      to.sent.push(reply);
    }
  }

  #send(from: Party, payload: Uint8Array): void {
    const record = attempt(() => from.machine.wrap(payload, NOW), SecureSessionError, RangeError);
    if (record !== null) {
      from.records.push({ record, payload });
    }
  }

  /** A record of the peer, perhaps changed, perhaps again, perhaps late. */
  #open(to: Party, from: Party, body: Uint8Array): void {
    const number = (body[0] ?? 0) % Math.max(1, from.records.length);
    const entry = from.records[number];
    if (entry === undefined) {
      return;
    }
    const record = tamper(entry.record, body.subarray(2));
    const now = NOW + (((body[1] ?? 128) - 128) * DAY) / 64;
    const opened = attempt(
      () => to.machine.unwrap(record, now),
      SecureSessionError,
      FormatError,
      DecryptError,
    );
    if (opened !== null) {
      demand(sameBytes(opened, entry.payload), "a record opens to something else");
      demand(number > to.lastAccepted, "a record is accepted twice or late");
      to.lastAccepted = number;
    }
  }

  #openAnything(to: Party, body: Uint8Array): void {
    const opened = attempt(
      () => to.machine.unwrap(body, NOW),
      SecureSessionError,
      FormatError,
      DecryptError,
    );
    demand(opened === null, "a record of nobody opens");
  }

  #check(): void {
    for (const [party, peer] of [
      [this.client, "server"],
      [this.server, CLIENT_ID],
    ] as const) {
      const { established, peerId } = party.machine;
      demand(!(established && party.deceived), "a session with a changed handshake is established");
      demand(established === (peerId !== null), "a session without a peer");
      demand(peerId === null || sameBytes(peerId, ascii(peer)), "another peer");
    }
  }
}

/** Kinds of steps of a handshake without disturbance, and some data. */
const QUIET = [13, 0, 1, 0, 1];

function anySessionScript(random: Random): Uint8Array {
  const steps: Step[] = QUIET.map((kind) => ({ kind, body: NOTHING }));
  const disturbed = random() < 0.6 ? below(steps.length + 1, random) : steps.length;
  const data = several(below(10, random), () => anySessionStep(random));
  const before = steps.slice(0, disturbed);
  const after = random() < 0.5 ? steps.slice(disturbed) : [];
  const middle = disturbed < steps.length ? [anySessionStep(random)] : [];
  return encodeScript({ options: 0, steps: [...before, ...middle, ...after, ...data] });
}

function anySessionStep(random: Random): Step {
  const kind = random() < 0.5 ? pick([8, 9, 10, 11], random) : below(16, random);
  const body = Uint8Array.from({ length: below(6, random) }, () =>
    random() < 0.5 ? below(8, random) : below(256, random),
  );
  return { kind, body };
}

const INTRODUCTION = encodeIntroduction({
  id: ascii(CLIENT_ID),
  keyBytes: clientKey.publicKey.container,
  signature: fixedBytes(71),
});

/** The messages of the handshake, with checksums that fit. */
export const SESSION_MESSAGES: FuzzTarget = {
  name: "session_messages",
  weight: 25,
  maximumLength: 400,
  allocation: FRAMES,
  seeds: [
    INTRODUCTION,
    encodeProof({ signature: fixedBytes(71), mac: fixedBytes(32) }),
    encodeFinish(fixedBytes(32)),
    ascii(`TSPM\0\0\0\x18____TSID\0\0\0\x0c____`),
    concatBytes(INTRODUCTION.subarray(0, 75).with(7, 75), ascii("surplus")),
  ],
  dictionary: TAGS,
  run(input) {
    for (const bytes of [input, repairChecksums(input)]) {
      const message = attempt(() => decodeIntroduction(bytes), FormatError);
      if (message !== null) {
        const again = decodeIntroduction(encodeIntroduction(message));
        demand(Bun.deepEquals(again.keyBytes, message.keyBytes), "another key");
        demand(message.id.length > 0 && message.signature.length > 0, "an empty part");
      }
      attempt(() => decodeProof(bytes), FormatError);
      const mac = attempt(() => decodeFinish(bytes), FormatError);
      demand(mac === null || mac.length === 32, "a proof of another length");
    }
  },
};

/** The state machines of both sides. */
export const SECURE_SESSION: FuzzTarget = {
  name: "secure_session",
  weight: 10,
  maximumLength: 1024,
  allocation: FRAMES,
  seeds: [encodeScript({ options: 0, steps: QUIET.map((kind) => ({ kind, body: NOTHING })) })],
  dictionary: TAGS,
  generate: anySessionScript,
  mutate: mutateScript,
  shorten: shortenScript,
  run(input) {
    const network = new Network();
    for (const step of decodeScript(input).steps) {
      network.play(step);
    }
    network.client.machine.destroy();
    network.server.machine.destroy();
  },
};

function keyOf(value: number): Uint8Array {
  return new Uint8Array(32).fill(value);
}

function makeRecords(mirrored: boolean, firstSequence: number): RecordLayer {
  const [outgoing, incoming] = mirrored ? [keyOf(2), keyOf(1)] : [keyOf(1), keyOf(2)];
  return new RecordLayer({
    sessionId: Uint8Array.of(1, 2, 3, 4),
    outgoing: { key: outgoing, firstSequence },
    incoming: { key: incoming, firstSequence },
    random: fixedBytes,
  });
}

/** Records lost, repeated, out of order, changed, and numbers that run over. */
export const SESSION_RECORDS: FuzzTarget = {
  name: "session_records",
  weight: 25,
  maximumLength: 600,
  allocation: FRAMES,
  seeds: [
    encodeScript({
      options: 0,
      steps: [{ kind: 3, body: ascii(`\0\0\0\x0d\0\0\0\0\0\0\0\0${"\x65\x53\xf1\x00"}x`) }],
    }),
  ],
  generate: (random) =>
    encodeScript({
      options: pick([0, 0xffff_fffc, below(2 ** 32, random)], random),
      steps: several(1 + below(20, random), (): Step => {
        const body = several(1 + below(5, random), () => below(20, random));
        return { kind: random() < 0.02 ? 3 : below(3, random), body: Uint8Array.from(body) };
      }),
    }),
  mutate: mutateScript,
  shorten: shortenScript,
  run: playRecords,
};

function playRecords(input: Uint8Array): void {
  const { options, steps } = decodeScript(input);
  const sender = makeRecords(false, options);
  const receiver = makeRecords(true, options);
  const records: { record: Uint8Array; payload: Uint8Array }[] = [];
  let lastAccepted = -1;
  for (const { kind, body } of steps) {
    if (kind % 4 === 3) {
      checkCrafted(receiver, body);
      return;
    }
    const number =
      kind % 4 === 2 ? (body[0] ?? 0) % Math.max(1, records.length) : records.length - 1;
    const entry = records[number];
    if (kind % 4 === 0) {
      const record = attempt(() => sender.seal(body, NOW), RangeError);
      demand((record === null) === (body.length === 0), "a payload is refused");
      records.push(...(record === null ? [] : [{ record, payload: body }]));
    } else if (entry !== undefined) {
      const record = kind % 4 === 1 ? entry.record : tamper(entry.record, body.subarray(1));
      const isGenuine = sameBytes(record, entry.record);
      const opened = attempt(
        () => receiver.open(record, NOW),
        SecureSessionError,
        FormatError,
        DecryptError,
      );
      const advance = number - lastAccepted;
      // The last four bytes of the iv field are neither used nor authenticated.
      demand(opened === null || sameBytes(opened, entry.payload), "opens to something else");
      demand(!isGenuine || (opened !== null) === (advance >= 1 && advance <= 8), "the window");
      lastAccepted = opened === null ? lastAccepted : number;
    }
  }
}

/** What the holder of the key sealed, with any numbers in it. */
function checkCrafted(receiver: RecordLayer, inner: Uint8Array): void {
  const nonce = fixedBytes(16);
  const { ciphertext, tag } = gcmSeal(keyOf(1), nonce.subarray(0, 12), inner, NOTHING);
  const record = concatBytes(Uint8Array.of(4, 3, 2, 1), nonce, ciphertext, tag);
  const opened = attempt(() => receiver.open(record, NOW), SecureSessionError, FormatError);
  demand(opened === null || sameBytes(opened, inner.subarray(16)), "opens to something else");
}
