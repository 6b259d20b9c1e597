/** Secure Session connections over real sockets, with honest and with hostile peers. */

import { afterEach, describe, expect, test } from "bun:test";
import { atTheEnd, cleanUp, makePair } from "../../../test/harness/connections.ts";
import { Recorder } from "../../../test/harness/recorder.ts";
import { concatBytes } from "../../bytes/mod.ts";
import { decodePrivateKey, generateKeyPair } from "../../themis/mod.ts";
import {
  type AcceptSecureSessionOptions,
  acceptSecureSession,
  type Connection,
  dialSecureSession,
  HandshakeError,
} from "../mod.ts";
import { SecureCarriage } from "./carriage.ts";
import { encodeFrame } from "./frames.ts";

const ALICE = "alice_01";
const MIB = 1024 * 1024;
const serverKey = decodePrivateKey(generateKeyPair().privateKey);
const clientKey = decodePrivateKey(generateKeyPair().privateKey);
const bytes = (text: string) => new TextEncoder().encode(text);

const ACCEPT: AcceptSecureSessionOptions = {
  isValidId: (id) => id.length >= 5,
  findServerKey: (id) => (id === ALICE ? serverKey : null),
  findConnectorKey: (id) => (id === ALICE ? clientKey.publicKey : null),
  timeoutMs: 1000,
};
const DIAL = {
  clientId: ALICE,
  privateKey: clientKey,
  serverKey: serverKey.publicKey,
  timeoutMs: 1000,
};

afterEach(cleanUp);

interface SecurePair {
  readonly client: Connection;
  readonly server: Connection;
  /** The connection beneath the client. */
  readonly wire: Connection;
}

async function makeSecurePair(): Promise<SecurePair> {
  const { dialled, accepted } = await makePair();
  const [client, { connection, clientId }] = await Promise.all([
    dialSecureSession(dialled, DIAL),
    acceptSecureSession(accepted, ACCEPT),
  ]);
  expect(clientId).toBe(ALICE);
  return { client, server: connection, wire: dialled };
}

async function failure(attempt: Promise<unknown>): Promise<HandshakeError> {
  try {
    await attempt;
  } catch (error) {
    if (error instanceof HandshakeError) {
      return error;
    }
    throw error;
  }
  throw new Error("the handshake succeeded");
}

/** An accepting side and what a hostile peer does with its raw connection. */
async function attack(
  misbehave: (peer: Recorder) => void,
  options: Partial<AcceptSecureSessionOptions> = {},
): Promise<{ error: HandshakeError; peer: Recorder }> {
  const { dialled, accepted } = await makePair();
  const peer = Recorder.on(dialled);
  const accepting = failure(acceptSecureSession(accepted, { ...ACCEPT, ...options }));
  misbehave(peer);
  const error = await accepting;
  await peer.untilClosed();
  return { error, peer };
}

describe("A Secure Session connection", () => {
  test("carries bytes both ways and passes ends on", async () => {
    const { client, server } = await makeSecurePair();
    const [near, far] = [Recorder.on(client), Recorder.on(server)];
    client.write(bytes("question"));
    client.write(new Uint8Array());
    client.end();
    await far.until((recorder) => recorder.hasEnded, "end");
    expect(far.text).toBe("question");
    server.write(bytes("answer"));
    await near.until((recorder) => recorder.length === 6, "answer");
    server.end();
    expect(await near.untilClosed()).toBeNull();
    expect(await far.untilClosed()).toBeNull();
    expect(near.text).toBe("answer");
    expect(near.events).toEqual(["data", "ended", "closed"]);
    expect(far.events).toEqual(["data", "ended", "closed"]);
  });

  test("keeps what came before it was started, end included", async () => {
    const { client, server } = await makeSecurePair();
    client.write(bytes("early"));
    Recorder.on(client);
    client.write(bytes(" bird"));
    client.end();
    await Bun.sleep(30);
    const far = Recorder.on(server);
    await far.until((recorder) => recorder.hasEnded, "end");
    expect(far.text).toBe("early bird");
    expect(far.events).toEqual(["data", "ended"]);
  });

  test("keeps what came in one piece with the handshake's last message, end included", async () => {
    const { dialled, accepted } = await makePair();
    const carriage = SecureCarriage.accept(ACCEPT);
    const server = Recorder.on(accepted);
    server.onData = (chunk) => {
      carriage.push(chunk);
      const reply = carriage.handshake() ?? new Uint8Array();
      if (carriage.established) {
        const greeting = carriage.seal(bytes("greeting"), Math.floor(Date.now() / 1000));
        accepted.write(concatBytes(reply, greeting));
        accepted.end();
      } else {
        accepted.write(reply);
      }
    };
    const client = await dialSecureSession(dialled, DIAL);
    await Bun.sleep(10);
    const near = Recorder.on(client);
    client.pause();
    await Bun.sleep(10);
    expect(near.events).toEqual([]);
    client.resume();
    await near.until((recorder) => recorder.hasEnded, "end");
    expect(near.text).toBe("greeting");
    expect(near.closedWith).toBeUndefined();
  });

  test("carries 16 MiB both ways at once, with pauses, exactly", async () => {
    const { client, server } = await makeSecurePair();
    const total = 16 * MIB;
    const sources = [1, 2].map((seed) => {
      const source = new Uint8Array(total);
      for (let at = 0; at < total; at++) {
        source[at] = (at * seed) ^ (at >> 8) ^ (at >> 16);
      }
      return source;
    });
    const recorders = [client, server].map((connection) => {
      const recorder = Recorder.on(connection);
      let calls = 0;
      recorder.onData = () => {
        if (++calls % 3 === 0) {
          connection.pause();
          setTimeout(() => connection.resume(), 1);
        }
      };
      return recorder;
    });
    const sizes = [5 * MIB, 1, 8192, 70_000, 65_536];
    for (const [index, connection] of [client, server].entries()) {
      for (let at = 0, turn = 0; at < total; turn++) {
        const size = sizes[turn % sizes.length] ?? 1;
        connection.write((sources[index] ?? new Uint8Array()).subarray(at, at + size));
        at += size;
      }
      connection.end();
    }
    await Promise.all(recorders.map((recorder) => recorder.untilClosed()));
    for (const [index, recorder] of recorders.entries()) {
      expect(recorder.closedWith).toBeNull();
      expect(Buffer.compare(recorder.bytes, sources[1 - index] ?? new Uint8Array())).toBe(0);
    }
  });

  test("shows what a slow reader has not taken, without sealing all of it", async () => {
    const { client, server, wire } = await makeSecurePair();
    const near = Recorder.on(client);
    const far = Recorder.on(server);
    server.pause();
    client.write(new Uint8Array(64 * MIB));
    await Bun.sleep(150);
    expect(client.queuedBytes).toBeGreaterThan(32 * MIB);
    expect(wire.queuedBytes).toBeLessThan(MIB);
    expect(near.drainedCount).toBe(0);
    expect(far.events).toEqual([]);
    server.resume();
    await near.until((recorder) => recorder.drainedCount > 0, "drained");
    expect(client.queuedBytes).toBe(0);
    await far.until((recorder) => recorder.length === 64 * MIB, "all bytes");
  });

  test("is closed with an error by a frame that was changed", async () => {
    const { client, server, wire } = await makeSecurePair();
    const [near, far] = [Recorder.on(client), Recorder.on(server)];
    client.write(bytes("fine"));
    await far.until((recorder) => recorder.length === 4, "fine");
    wire.write(encodeFrame(new Uint8Array(80)));
    expect((await far.untilClosed())?.message).toContain("another session's id");
    expect(far.text).toBe("fine");
    await near.untilClosed();
  });

  test("takes an end inside a frame for an error", async () => {
    const { server, wire } = await makeSecurePair();
    const far = Recorder.on(server);
    wire.write(Uint8Array.of(200, 0, 0, 0, 1, 2, 3));
    wire.end();
    expect((await far.untilClosed())?.message).toBe("The peer's stream ended inside a frame");
    expect(far.hasEnded).toBe(false);
  });

  test("notices that its peer was cut off while it is paused", async () => {
    const { server, wire } = await makeSecurePair();
    const far = Recorder.on(server);
    server.pause();
    await Bun.sleep(10);
    wire.abort();
    expect(await far.untilClosed()).toBeInstanceOf(Error);
  });

  test("that is aborted closes without an error", async () => {
    const { client, server } = await makeSecurePair();
    const [near, far] = [Recorder.on(client), Recorder.on(server)];
    client.abort();
    client.write(bytes("dropped"));
    expect(await near.untilClosed()).toBeNull();
    await far.untilClosed();
    expect(client.queuedBytes).toBe(0);
    expect(far.length).toBe(0);
  });
});

describe("An accepting side", () => {
  test("tells a probe from an attack", async () => {
    const { error, peer } = await attack((probe) => probe.connection.end());
    expect(error.reason).toBe("closed");
    expect(error.announcedId).toBeUndefined();
    expect(peer.length).toBe(0);
    const cut = await attack((probe) => probe.connection.abort());
    expect(cut.error.reason).toBe("closed");
  });

  test.each<[string, Uint8Array, string]>([
    ["garbage", bytes("GET / HTTP/1.1\r\n\r\n"), "malformed"],
    ["a huge length", new Uint8Array(4).fill(0xff), "malformed"],
    ["an invalid id", encodeFrame(bytes("x")), "malformed"],
    ["an id without keys", encodeFrame(bytes("nobody_01")), "unknown-id"],
    [
      "garbage behind the id",
      concatBytes(encodeFrame(bytes(ALICE)), encodeFrame(bytes("garbage"))),
      "malformed",
    ],
    [
      "a huge length behind the id",
      concatBytes(encodeFrame(bytes(ALICE)), new Uint8Array(4).fill(0xff)),
      "malformed",
    ],
  ])("closes without a byte on %s", async (_, stream, reason) => {
    const { error, peer } = await attack((hostile) => hostile.connection.write(stream));
    expect(error.reason).toBe(reason as HandshakeError["reason"]);
    expect(peer.length).toBe(0);
  });

  test("refuses a stranger's key and another client's id", async () => {
    const stranger = decodePrivateKey(generateKeyPair().privateKey);
    const open = (clientId: string) =>
      SecureCarriage.connect({
        clientId,
        privateKey: stranger,
        serverKey: serverKey.publicKey,
      }).opening;
    const wrongKey = await attack((hostile) => hostile.connection.write(open(ALICE)));
    expect(wrongKey.error.reason).toBe("authentication");
    const inner = open("mallory_01").subarray(4 + "mallory_01".length);
    const wrongId = await attack((hostile) =>
      hostile.connection.write(concatBytes(encodeFrame(bytes(ALICE)), inner)),
    );
    expect(wrongId.error.reason).toBe("impersonation");
    expect(wrongId.peer.length).toBe(0);
  });

  test("gives up on a peer that sends one byte at a time", async () => {
    const { opening } = SecureCarriage.connect(DIAL);
    let sent = 0;
    const { error } = await attack(
      (hostile) => {
        const timer = setInterval(() => {
          hostile.connection.write(opening.subarray(sent, ++sent));
        }, 20);
        atTheEnd(() => clearInterval(timer));
      },
      { timeoutMs: 200 },
    );
    expect(error.reason).toBe("timeout");
    expect(sent).toBeGreaterThan(3);
  });

  test("gives up on a peer that stops in the middle", async () => {
    const { opening } = SecureCarriage.connect(DIAL);
    const silent = await attack((hostile) => hostile.connection.write(opening), { timeoutMs: 100 });
    expect(silent.error.reason).toBe("timeout");
    expect(silent.error.announcedId).toBe(ALICE);
    const gone = await attack((hostile) => {
      hostile.connection.write(opening.subarray(0, 50));
      hostile.connection.end();
    });
    expect(gone.error.reason).toBe("closed");
  });

  test("keeps little memory for peers that flood it", async () => {
    const before = process.memoryUsage().rss;
    const flood = new Uint8Array(16 * MIB);
    flood.set(concatBytes(encodeFrame(bytes(ALICE)), Uint8Array.of(0, 0x40, 0, 0)));
    for (let round = 0; round < 5; round++) {
      const { error } = await attack((hostile) => hostile.connection.write(flood));
      expect(error.reason).toBe("malformed");
    }
    expect(process.memoryUsage().rss - before).toBeLessThan(64 * MIB);
  });
});

describe("A connecting side", () => {
  test("gives up on a server that stays silent, and on one that closes", async () => {
    const silent = await makePair();
    Recorder.on(silent.accepted);
    const slow = await failure(dialSecureSession(silent.dialled, { ...DIAL, timeoutMs: 100 }));
    expect(slow.reason).toBe("timeout");
    const closing = await makePair();
    closing.accepted.abort();
    const closed = await failure(dialSecureSession(closing.dialled, DIAL));
    expect(closed.reason).toBe("closed");
  });

  test("refuses a server with another key", async () => {
    const { dialled, accepted } = await makePair();
    const impostor = decodePrivateKey(generateKeyPair().privateKey);
    const accepting = failure(
      acceptSecureSession(accepted, { ...ACCEPT, findServerKey: () => impostor }),
    );
    expect((await failure(dialSecureSession(dialled, DIAL))).reason).toBe("authentication");
    expect((await accepting).reason).toBe("closed");
  });
});
