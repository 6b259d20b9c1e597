/** A Secure Session over a byte stream, without the stream: two objects in memory. */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { concatBytes } from "../../bytes/mod.ts";
import { decodePrivateKey, generateKeyPair, type PrivateKey } from "../../themis/mod.ts";
import { type AcceptingKeys, BrokenStreamError, SecureCarriage } from "./carriage.ts";
import { encodeFrame } from "./frames.ts";
import { HandshakeError } from "./handshake_error.ts";

const NOW = 1_700_000_000;
const ALICE = "alice_01";
const MALLORY = "mallory_01";

const newKey = (): PrivateKey => decodePrivateKey(generateKeyPair().privateKey);
const bytes = (text: string) => new TextEncoder().encode(text);

const serverKey = newKey();
const connectorKeys = new Map([
  [ALICE, newKey()],
  [MALLORY, newKey()],
]);

function keyOf(clientId: string): PrivateKey {
  const key = connectorKeys.get(clientId);
  if (key === undefined) {
    throw new TypeError(`no key of ${clientId}`);
  }
  return key;
}

interface Lookups {
  readonly asked: string[];
  readonly keys: AcceptingKeys;
}

function lookups(overrides: Partial<AcceptingKeys> = {}): Lookups {
  const asked: string[] = [];
  const keys: AcceptingKeys = {
    isValidId: (id) => /^[a-zA-Z0-9_ -]{5,256}$/.test(id),
    findServerKey: (id) => {
      asked.push(`server ${id}`);
      return connectorKeys.has(id) ? serverKey : null;
    },
    findConnectorKey: (id) => {
      asked.push(`connector ${id}`);
      return connectorKeys.get(id)?.publicKey ?? null;
    },
    ...overrides,
  };
  return { asked, keys };
}

function connectAs(clientId: string, privateKey = keyOf(clientId)) {
  return SecureCarriage.connect({ clientId, privateKey, serverKey: serverKey.publicKey });
}

function establish(): { client: SecureCarriage; server: SecureCarriage } {
  const { carriage: client, opening } = connectAs(ALICE);
  const server = SecureCarriage.accept(lookups().keys);
  server.push(opening);
  client.push(server.handshake() ?? new Uint8Array());
  server.push(client.handshake() ?? new Uint8Array());
  client.push(server.handshake() ?? new Uint8Array());
  client.handshake();
  return { client, server };
}

function refusal(work: () => unknown): HandshakeError {
  try {
    work();
  } catch (error) {
    if (error instanceof HandshakeError) {
      return error;
    }
    throw error;
  }
  throw new Error("nothing was refused");
}

/** What the server answers to these bytes. */
function refusalOf(stream: Uint8Array, keys: AcceptingKeys): HandshakeError {
  const server = SecureCarriage.accept(keys);
  server.push(stream);
  const error = refusal(() => server.handshake());
  expect(server.established).toBe(false);
  server.push(connectAs(ALICE).opening);
  expect(server.handshake()).toBeNull();
  return error;
}

describe("SecureCarriage", () => {
  test("sends the id and the first message at once", () => {
    const { opening } = connectAs(ALICE);
    expect(opening.slice(0, 12)).toEqual(
      Uint8Array.from(Buffer.from("08000000616c6963655f3031", "hex")),
    );
    expect(opening.length).toBeGreaterThan(12 + 4 + 69 + 8);
  });

  test("establishes a session and carries data both ways", () => {
    const { client, server } = establish();
    expect([client.established, server.established]).toEqual([true, true]);
    expect(server.clientId).toBe(ALICE);
    server.push(client.seal(bytes("one"), NOW));
    server.push(client.seal(bytes("two"), NOW));
    expect(server.read(NOW)).toEqual(bytes("onetwo"));
    client.push(server.seal(bytes("three"), NOW));
    expect(client.read(NOW)).toEqual(bytes("three"));
    expect(client.read(NOW)).toBeNull();
  });

  test("comes to the same for every chunking of both streams, data behind the handshake included", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1 }), (sizes) => {
        const { carriage: client, opening } = connectAs(ALICE);
        const server = SecureCarriage.accept(lookups().keys);
        let turn = 0;
        const feed = (to: SecureCarriage, stream: Uint8Array) => {
          const answers: Uint8Array[] = [];
          for (let at = 0; at < stream.length; ) {
            const size = sizes[turn++ % sizes.length] ?? 1;
            to.push(stream.slice(at, at + size));
            at += size;
            answers.push(to.handshake() ?? new Uint8Array());
          }
          return concatBytes(...answers);
        };
        const second = feed(server, opening);
        const third = feed(client, second);
        const fourth = feed(server, third);
        feed(client, concatBytes(fourth, server.seal(bytes("early data"), NOW)));
        expect(client.read(NOW)).toEqual(bytes("early data"));
      }),
      { numRuns: 40 },
    );
  });

  test("looks up no key before the id has the form of one", () => {
    for (const id of ["", "a", "../../etc/passwd", "alice\0", "x".repeat(256), "é".repeat(9)]) {
      const { asked, keys } = lookups({ isValidId: () => false });
      expect(refusalOf(encodeFrame(bytes(id)), keys).reason).toBe("malformed");
      expect(asked).toEqual([]);
    }
    const { asked, keys } = lookups({ isValidId: () => true });
    expect(refusalOf(encodeFrame(Uint8Array.of(0xff, 0xfe, 1, 2, 3)), keys).reason).toBe(
      "malformed",
    );
    expect(asked).toEqual([]);
  });

  test("refuses an id above 256 bytes and a handshake frame above 16 KiB by their lengths alone", () => {
    const { keys } = lookups();
    expect(refusalOf(Uint8Array.of(1, 1, 0, 0), keys).reason).toBe("malformed");
    const id = encodeFrame(bytes(ALICE));
    expect(refusalOf(concatBytes(id, Uint8Array.of(1, 0x40, 0, 0)), keys).reason).toBe("malformed");
    expect(refusalOf(concatBytes(id, new Uint8Array(4).fill(0xff)), keys).reason).toBe("malformed");
    const server = SecureCarriage.accept(keys);
    server.push(concatBytes(id, Uint8Array.of(0, 0x40, 0, 0)));
    expect(server.handshake()).toBeNull();
  });

  test("refuses an id without keys", () => {
    const { keys } = lookups();
    const error = refusalOf(encodeFrame(bytes("nobody_01")), keys);
    expect(error.reason).toBe("unknown-id");
    expect(error.announcedId).toBe("nobody_01");
    const onlyServer = lookups({ findConnectorKey: () => null }).keys;
    expect(refusalOf(connectAs(ALICE).opening, onlyServer).reason).toBe("unknown-id");
  });

  test("refuses one client under another one's id", () => {
    const { asked, keys } = lookups();
    const inner = connectAs(MALLORY).opening.subarray(4 + MALLORY.length);
    const error = refusalOf(concatBytes(encodeFrame(bytes(ALICE)), inner), keys);
    expect(error.reason).toBe("impersonation");
    expect(asked).toEqual([`server ${ALICE}`]);
  });

  test("refuses the right id with another key", () => {
    const { keys } = lookups();
    const { opening } = connectAs(ALICE, keyOf(MALLORY));
    expect(refusalOf(opening, keys).reason).toBe("authentication");
  });

  test("says when a key cannot be read, with the cause", () => {
    const cause = new Error("the key file has incorrect permissions");
    const fail = () => {
      throw cause;
    };
    for (const overrides of [{ findServerKey: fail }, { findConnectorKey: fail }]) {
      const error = refusalOf(connectAs(ALICE).opening, lookups(overrides).keys);
      expect(error.reason).toBe("keys");
      expect(error.cause).toBe(cause);
    }
  });

  test("refuses a server that does not hold the server's key", () => {
    const { carriage: client, opening } = connectAs(ALICE);
    const server = SecureCarriage.accept(lookups({ findServerKey: () => newKey() }).keys);
    server.push(opening);
    client.push(server.handshake() ?? new Uint8Array());
    expect(refusal(() => client.handshake()).reason).toBe("authentication");
  });

  test("refuses every handshake byte that is flipped", () => {
    const { carriage: client, opening } = connectAs(ALICE);
    for (let at = 0; at < opening.length; at++) {
      const broken = opening.slice();
      broken[at] = (broken[at] ?? 0) ^ 0x41;
      const server = SecureCarriage.accept(lookups().keys);
      server.push(broken);
      let answer: Uint8Array | null = null;
      try {
        answer = server.handshake();
      } catch (error) {
        expect(error).toBeInstanceOf(HandshakeError);
      }
      expect(answer).toBeNull();
    }
    expect(client.established).toBe(false);
  });

  test("hands out what came before a broken frame, and is over then", () => {
    const { client, server } = establish();
    const good = client.seal(bytes("good"), NOW);
    const bad = client.seal(bytes("bad"), NOW);
    bad[bad.length - 1] = (bad.at(-1) ?? 0) ^ 1;
    server.push(concatBytes(good, bad, client.seal(bytes("never"), NOW)));
    let broken: unknown;
    try {
      server.read(NOW);
    } catch (error) {
      broken = error;
    }
    expect(broken).toBeInstanceOf(BrokenStreamError);
    expect(broken instanceof BrokenStreamError ? broken.rescued : null).toEqual(bytes("good"));
    expect(() => server.read(NOW)).toThrow("not possible in this state");
    expect(() => server.seal(bytes("x"), NOW)).toThrow("not possible in this state");
  });

  test("refuses a repeated, an empty and a too long data frame", () => {
    const repeated = establish();
    const frame = repeated.client.seal(bytes("once"), NOW);
    repeated.server.push(frame);
    expect(repeated.server.read(NOW)).toEqual(bytes("once"));
    repeated.server.push(frame);
    expect(() => repeated.server.read(NOW)).toThrow("repeated");
    const empty = establish();
    empty.server.push(encodeFrame(new Uint8Array()));
    expect(() => empty.server.read(NOW)).toThrow("too few");
    const long = establish();
    long.server.push(Uint8Array.of(0x35, 0, 0, 0x40));
    expect(() => long.server.read(NOW)).toThrow("above the limit");
    const longest = establish();
    longest.server.push(Uint8Array.of(0x34, 0, 0, 0x40));
    expect(longest.server.read(NOW)).toBeNull();
    expect(longest.server.insideFrame).toBe(true);
  });
});

describe("A Secure Session over a stream", () => {
  test("ends when somebody took a frame out of its middle", () => {
    const { client, server } = establish();
    const frames = ["first", "second", "third"].map((text) => client.seal(bytes(text), NOW));
    server.push(frames[0] ?? new Uint8Array());
    expect(server.read(NOW)).toEqual(bytes("first"));
    server.push(frames[2] ?? new Uint8Array());
    expect(() => server.read(NOW)).toThrow(BrokenStreamError);
  });

  test("ends when somebody took its first frame", () => {
    const { client, server } = establish();
    client.seal(bytes("first"), NOW);
    server.push(client.seal(bytes("second"), NOW));
    expect(() => server.read(NOW)).toThrow(BrokenStreamError);
  });
});
