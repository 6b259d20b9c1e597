/** A Secure Session between two objects in memory, and against everything that is not a session. */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { concatBytes, FormatError } from "../../bytes/mod.ts";
import { DecryptError, randomBytes } from "../../crypto/mod.ts";
import { encodeContainer } from "../container.ts";
import { generatePrivateKey, type PrivateKey, SecureSession, SecureSessionError } from "../mod.ts";
import { RecordLayer } from "./record_layer.ts";

const NOW = 1_700_000_000;
const FIRST_MESSAGE_MUTATIONS = 5_000;
const LATER_MESSAGE_MUTATIONS = 1_000;
const RECORD_MUTATIONS = 30_000;
const bytes = (text: string) => new TextEncoder().encode(text);

const clientKey = generatePrivateKey();
const serverKey = generatePrivateKey();

function makeClient(key: PrivateKey = clientKey): SecureSession {
  const findPeer = () => serverKey.publicKey;
  return new SecureSession({ id: bytes("client"), privateKey: key, findPeer });
}

function makeServer(): SecureSession {
  return new SecureSession({
    id: bytes("server"),
    privateKey: serverKey,
    findPeer: (id) => (Buffer.from(id).equals(Buffer.from("client")) ? clientKey.publicKey : null),
  });
}

/** The two sides and their four messages. */
function shakeHands() {
  const client = makeClient();
  const server = makeServer();
  const first = client.connect();
  const second = server.receive(first) ?? new Uint8Array();
  const third = client.receive(second) ?? new Uint8Array();
  const fourth = server.receive(third) ?? new Uint8Array();
  expect(client.receive(fourth)).toBeNull();
  return { client, server, messages: [first, second, third, fourth] };
}

function errorOf(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  return undefined;
}

function isRefusal(error: unknown): boolean {
  return (
    error instanceof FormatError ||
    error instanceof DecryptError ||
    error instanceof SecureSessionError
  );
}

describe("SecureSession", () => {
  test("knows its peer when both sides are established, and not before", () => {
    const client = makeClient();
    const server = makeServer();
    const second = server.receive(client.connect()) ?? new Uint8Array();
    expect([client.peerId, server.peerId]).toEqual([null, null]);
    const fourth = server.receive(client.receive(second) ?? new Uint8Array());
    expect([client.established, server.established]).toEqual([false, true]);
    client.receive(fourth ?? new Uint8Array());
    expect(client.peerId).toEqual(bytes("server"));
    expect(server.peerId).toEqual(bytes("client"));
  });

  test("carries payloads both ways", () => {
    const { client, server } = shakeHands();
    for (const length of [1, 2, 100, 8192, 70_000]) {
      const payload = randomBytes(length);
      const toServer = client.wrap(payload, NOW);
      expect(toServer.length).toBe(length + 52);
      expect(server.unwrap(toServer, NOW)).toEqual(payload);
      expect(client.unwrap(server.wrap(payload, NOW), NOW)).toEqual(payload);
    }
  });

  test("refuses what its state does not allow, and stays as it is", () => {
    const fresh = makeClient();
    expect(() => fresh.wrap(bytes("x"), NOW)).toThrow(SecureSessionError);
    expect(() => fresh.unwrap(new Uint8Array(60), NOW)).toThrow(SecureSessionError);
    fresh.connect();
    expect(() => fresh.connect()).toThrow("not possible in this state");
    const { client, server, messages } = shakeHands();
    expect(() => server.connect()).toThrow("not possible in this state");
    expect(() => server.receive(messages[0] ?? new Uint8Array())).toThrow("not possible");
    expect(() => client.wrap(new Uint8Array(), NOW)).toThrow(RangeError);
    expect(server.unwrap(client.wrap(bytes("still here"), NOW), NOW)).toEqual(bytes("still here"));
  });

  test("needs an id", () => {
    const findPeer = () => null;
    expect(
      () => new SecureSession({ id: new Uint8Array(), privateKey: clientKey, findPeer }),
    ).toThrow(RangeError);
  });

  test("refuses a peer that is unknown and one with another key, and is dead then", () => {
    const findPeer = () => serverKey.publicKey;
    const id = bytes("stranger");
    const unknown = new SecureSession({ id, privateKey: clientKey, findPeer }).connect();
    const impostor = makeClient(generatePrivateKey()).connect();
    for (const [message, kind] of [
      [unknown, "unknown-peer"],
      [impostor, "authentication"],
    ] as const) {
      const server = makeServer();
      const error = errorOf(() => server.receive(message));
      expect(error instanceof SecureSessionError ? error.kind : null).toBe(kind);
      expect(() => server.receive(makeClient().connect())).toThrow("not possible in this state");
      expect(() => server.connect()).toThrow("not possible in this state");
    }
  });

  test("refuses its own messages sent back to it", () => {
    const { client, server } = shakeHands();
    expect(() => client.unwrap(client.wrap(bytes("x"), NOW), NOW)).toThrow(DecryptError);
    expect(() => server.unwrap(server.wrap(bytes("x"), NOW), NOW)).toThrow(DecryptError);
    const mirrored = makeClient();
    const first = mirrored.connect();
    expect(() => mirrored.receive(first)).toThrow(SecureSessionError);
  });

  test("forgets its keys when it is destroyed", () => {
    const { client, server } = shakeHands();
    client.destroy();
    expect(client.established).toBe(false);
    expect(client.peerId).toBeNull();
    expect(() => client.wrap(bytes("x"), NOW)).toThrow("not possible in this state");
    expect(server.established).toBe(true);
  });

  test("looks at no byte beyond the peer's id before it asks for the peer", () => {
    const empty = encodeContainer("TSPM", concatBytes(encodeContainer("TSID", new Uint8Array())));
    expect(() => makeServer().receive(empty)).toThrow("empty id");
  });

  test("answers random bytes with a refusal", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (message) => {
        expect(isRefusal(errorOf(() => makeServer().receive(message)))).toBe(true);
        const payload = encodeContainer("TSPM", message);
        expect(isRefusal(errorOf(() => makeServer().receive(payload)))).toBe(true);
      }),
    );
  });
});

describe("Mutations", () => {
  /** A flipped bit, a cut, a swapped byte or a piece of the message twice. */
  const mutation = fc.oneof(
    fc.record({ kind: fc.constant("flip" as const), at: fc.nat(), bit: fc.nat(7) }),
    fc.record({ kind: fc.constant("cut" as const), at: fc.nat() }),
    fc.record({ kind: fc.constant("set" as const), at: fc.nat(), bit: fc.nat(255) }),
    fc.record({
      kind: fc.constant("repeat" as const),
      at: fc.nat(),
      bit: fc.integer({ min: 1, max: 40 }),
    }),
  );
  type Mutation = typeof mutation extends fc.Arbitrary<infer Value> ? Value : never;

  function mutate(message: Uint8Array, change: Mutation): Uint8Array {
    const at = change.at % message.length;
    const changed = message.slice();
    switch (change.kind) {
      case "flip":
        changed[at] = (changed[at] ?? 0) ^ (1 << change.bit);
        return changed;
      case "set":
        changed[at] = change.bit;
        return changed;
      case "cut":
        return changed.slice(0, at);
      case "repeat":
        return concatBytes(
          message.subarray(0, at),
          message.subarray(Math.max(0, at - change.bit), at),
          message.subarray(at),
        );
    }
  }

  const same = (a: Uint8Array, b: Uint8Array) => Buffer.from(a).equals(Buffer.from(b));

  test("of the first message are refused, all bytes of it being checked", () => {
    const genuine = makeClient().connect();
    fc.assert(
      fc.property(mutation, (change) => {
        const changed = mutate(genuine, change);
        // A message repeated at its end has surplus bytes only, which are allowed.
        fc.pre(!same(changed.subarray(0, genuine.length), genuine));
        const server = makeServer();
        expect(isRefusal(errorOf(() => server.receive(changed)))).toBe(true);
        expect(() => server.receive(genuine)).toThrow("not possible in this state");
      }),
      { numRuns: FIRST_MESSAGE_MUTATIONS },
    );
  });

  test("of a later message are refused by the very session it belongs to", () => {
    fc.assert(
      fc.property(fc.constantFrom(2, 3, 4), mutation, (at, change) => {
        const client = makeClient();
        const server = makeServer();
        let genuine = client.connect();
        let side = server;
        for (let number = 2; number <= at; number++) {
          genuine = side.receive(genuine) ?? new Uint8Array();
          side = side === server ? client : server;
        }
        const changed = mutate(genuine, change);
        fc.pre(!same(changed.subarray(0, genuine.length), genuine));
        expect(isRefusal(errorOf(() => side.receive(changed)))).toBe(true);
        expect(side.established).toBe(false);
        expect(() => side.receive(genuine)).toThrow("not possible in this state");
      }),
      { numRuns: LATER_MESSAGE_MUTATIONS },
    );
  });

  test("of a record are refused and change nothing", () => {
    const { client, server } = shakeHands();
    const payload = randomBytes(40);
    const genuine = client.wrap(payload, NOW);
    let refused = 0;
    fc.assert(
      fc.property(mutation, (change) => {
        const changed = mutate(genuine, change);
        fc.pre(!same(changed, genuine) && !sameButUnusedIv(changed, genuine));
        refused += isRefusal(errorOf(() => server.unwrap(changed, NOW))) ? 1 : 0;
      }),
      { numRuns: RECORD_MUTATIONS },
    );
    expect(refused).toBe(RECORD_MUTATIONS);
    expect(server.unwrap(genuine, NOW)).toEqual(payload);
  });

  /** The last four bytes of the iv field are not authenticated (themis.md §6.5). */
  function sameButUnusedIv(a: Uint8Array, b: Uint8Array): boolean {
    return same(a.subarray(0, 16), b.subarray(0, 16)) && same(a.subarray(20), b.subarray(20));
  }
});

describe("RecordLayer", () => {
  const pair = (firstSequence: number) => {
    const sessionId = randomBytes(4);
    const there = { key: randomBytes(32), firstSequence };
    const back = { key: randomBytes(32), firstSequence: 5 };
    const common = { sessionId, random: randomBytes };
    return {
      sender: new RecordLayer({ ...common, outgoing: there, incoming: back }),
      receiver: new RecordLayer({ ...common, outgoing: back, incoming: there }),
    };
  };

  test("counts on where the 32-bit number wraps round", () => {
    for (const first of [0, 1, 2 ** 32 - 1, 2 ** 32 - 3]) {
      const { sender, receiver } = pair(first);
      for (let count = 0; count < 6; count++) {
        const payload = Uint8Array.of(count);
        expect(receiver.open(sender.seal(payload, NOW), NOW)).toEqual(payload);
      }
    }
  });

  test("takes gaps of at most eight, never backwards, and each record once", () => {
    const { sender, receiver } = pair(2 ** 32 - 4);
    const records = Array.from({ length: 30 }, (_, index) =>
      sender.seal(Uint8Array.of(index), NOW),
    );
    const open = (index: number) => receiver.open(records[index] ?? new Uint8Array(), NOW)[0];
    expect(() => open(8)).toThrow("repeated or is out of order");
    expect(open(7)).toBe(7);
    for (const refused of [7, 6, 0, 16, 29]) {
      expect(() => open(refused)).toThrow("repeated or is out of order");
    }
    expect(open(15)).toBe(15);
    expect(open(16)).toBe(16);
  });

  test("takes clocks that differ by a day and no more", () => {
    const { sender, receiver } = pair(9);
    const record = sender.seal(Uint8Array.of(1), NOW);
    expect(() => receiver.open(record, NOW + 86_401)).toThrow("clocks");
    expect(() => receiver.open(record, NOW - 86_401)).toThrow("clocks");
    expect(receiver.open(record, NOW + 86_400)).toEqual(Uint8Array.of(1));
  });
});
