/** TLS over real sockets: what a connection does once its handshake is over. */

import { afterEach, describe, expect, test } from "bun:test";
import { cleanUp, makePair } from "../../../test/harness/connections.ts";
import { Recorder } from "../../../test/harness/recorder.ts";
import {
  accept,
  clientIdentity,
  good,
  makeSecuredPair,
  shakeHands,
  start,
} from "../../../test/harness/tls_pairs.ts";

const MIB = 1024 * 1024;

afterEach(cleanUp);

function pattern(length: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let value = seed;
  for (let index = 0; index < length; index += 1) {
    value = (Math.imul(value, 1664525) + 1013904223) >>> 0;
    bytes[index] = value >>> 24;
  }
  return bytes;
}

const bytes = (text: string) => new TextEncoder().encode(text);

describe("A TLS connection", () => {
  test("tells both sides what was agreed upon", async () => {
    const { server, client } = await shakeHands({
      client: { identity: clientIdentity },
      server: { policy: "require-and-verify" },
      serverOptions: { alpn: ["postgresql"] },
      clientOptions: { alpn: ["postgresql"] },
    });
    expect(good(client).peer.certificate?.subject).toBe("CN=server");
    expect(good(server).peer.certificate?.subject).toBe("CN=client");
    expect(good(server).peer).toMatchObject({ trusted: true, alpn: "postgresql", complaint: null });
    expect(good(client).peer).toMatchObject({ trusted: true, alpn: "postgresql" });
    expect(good(client).peer.version).toBe("TLSv1.3");
  });

  test("carries bytes both ways and ends in order", async () => {
    const { accepted, dialled } = await makeSecuredPair();
    const [near, far] = [Recorder.on(dialled), Recorder.on(accepted)];
    dialled.write(bytes("question"));
    await far.until((recorder) => recorder.length === 8, "question");
    accepted.write(bytes("answer"));
    await near.until((recorder) => recorder.length === 6, "answer");
    dialled.write(bytes(" bye"));
    dialled.end();
    await far.until((recorder) => recorder.hasEnded, "end");
    accepted.end();
    expect(await near.untilClosed()).toBeNull();
    expect(await far.untilClosed()).toBeNull();
    expect(far.text).toBe("question bye");
    expect(near.text).toBe("answer");
  });

  test("delivers what came before it was started", async () => {
    const { accepted, dialled } = await makeSecuredPair();
    Recorder.on(dialled);
    dialled.write(bytes("early"));
    await Bun.sleep(30);
    const far = Recorder.on(accepted);
    await far.until((recorder) => recorder.text === "early", "early bytes");
  });

  test("is silent while it is paused, and reads no more", async () => {
    const { accepted, dialled } = await makeSecuredPair();
    const far = Recorder.on(accepted);
    Recorder.on(dialled);
    accepted.pause();
    dialled.write(new Uint8Array(32 * MIB));
    dialled.end();
    await Bun.sleep(100);
    expect(far.events).toEqual([]);
    expect(dialled.queuedBytes).toBeGreaterThan(20 * MIB);
    accepted.resume();
    await far.until((recorder) => recorder.hasEnded, "end");
    expect(far.length).toBe(32 * MIB);
  });

  test("says when everything is on its way", async () => {
    const { accepted, dialled } = await makeSecuredPair();
    const [near, far] = [Recorder.on(dialled), Recorder.on(accepted)];
    accepted.pause();
    for (let count = 0; count < 16; count++) {
      dialled.write(pattern(MIB, count));
    }
    await Bun.sleep(50);
    expect(near.drainedCount).toBe(0);
    accepted.resume();
    await near.until((recorder) => recorder.drainedCount > 0, "drained");
    expect(dialled.queuedBytes).toBe(0);
    await far.until((recorder) => recorder.length === 16 * MIB, "all bytes");
  });

  test("carries 16 MiB both ways at once, with pauses, exactly", async () => {
    const { accepted, dialled } = await makeSecuredPair();
    const total = 16 * MIB;
    const sent = [pattern(total, 1), pattern(total, 2)] as const;
    const recorders = [dialled, accepted].map((connection) => {
      const recorder = Recorder.on(connection);
      let seen = 0;
      recorder.onData = (chunk) => {
        seen += chunk.length;
        if (seen > MIB) {
          seen = 0;
          connection.pause();
          setTimeout(() => connection.resume(), 1);
        }
      };
      return recorder;
    });
    const sizes = [1, 100, 65_536, 3 * MIB, 17, 500_000];
    for (const [index, connection] of [dialled, accepted].entries()) {
      const source = sent[index] ?? new Uint8Array();
      for (let at = 0, turn = 0; at < total; turn++) {
        const size = sizes[turn % sizes.length] ?? 1;
        connection.write(source.subarray(at, at + size));
        at += size;
      }
    }
    await Promise.all(
      recorders.map((recorder) => recorder.until(({ length }) => length >= total, "all bytes")),
    );
    for (const [index, recorder] of recorders.entries()) {
      expect(Buffer.compare(recorder.bytes, sent[1 - index] ?? new Uint8Array())).toBe(0);
    }
  });

  test("that is aborted closes without an error and tells its peer", async () => {
    const { accepted, dialled } = await makeSecuredPair();
    const [near, far] = [Recorder.on(dialled), Recorder.on(accepted)];
    dialled.write(new Uint8Array(16 * MIB));
    dialled.abort();
    expect(await near.untilClosed()).toBeNull();
    await far.untilClosed();
    dialled.write(bytes("dropped"));
    dialled.end();
    dialled.abort();
    expect(near.events).toEqual(["closed"]);
  });

  test("reports a reset while it is paused", async () => {
    const { accepted: base, dialled } = await makePair();
    const accepting = accept(base, {});
    const client = good(await start(dialled, {}));
    const server = good(await accepting);
    Recorder.on(client.connection);
    const far = Recorder.on(server.connection);
    server.connection.pause();
    await Bun.sleep(10);
    dialled.abort();
    expect(await far.untilClosed()).toBeInstanceOf(Error);
  });

  test("that gets bytes that no peer sent is closed with an error", async () => {
    const { accepted: base, dialled } = await makePair();
    const accepting = accept(base, {});
    const client = good(await start(dialled, {}));
    const server = good(await accepting);
    Recorder.on(client.connection);
    const far = Recorder.on(server.connection);
    dialled.write(bytes("\x17\x03\x03\x00\x20 no record of this connection..!"));
    expect(await far.untilClosed()).toBeInstanceOf(Error);
    expect(far.length).toBe(0);
  });

  test("that its peer cuts without a closing message ends", async () => {
    const { accepted: base, dialled } = await makePair();
    const accepting = accept(base, {});
    good(await start(dialled, {}));
    const far = Recorder.on(good(await accepting).connection);
    dialled.end();
    await far.until((recorder) => recorder.hasEnded || recorder.closedWith !== undefined, "end");
  });
});
