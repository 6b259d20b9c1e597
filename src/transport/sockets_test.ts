/** Connections over real sockets: halves, resets, backpressure. */

import { afterEach, describe, expect, test } from "bun:test";
import { connect as connectNode, type Socket } from "node:net";
import {
  atTheEnd,
  cleanUp,
  LOCAL,
  listenFor,
  makePair,
  portOf,
} from "../../test/harness/connections.ts";
import { Recorder } from "../../test/harness/recorder.ts";
import { type Connection, dial, listen } from "./mod.ts";

const MIB = 1024 * 1024;

afterEach(cleanUp);

/** An accepted connection whose peer is a plain socket of node, which can reset at will. */
async function makeRawPair(): Promise<{ peer: Socket; accepted: Connection }> {
  const [listener, accepting] = await listenFor(LOCAL);
  const port = portOf(listener.endpoint);
  const peer = connectNode({ host: "127.0.0.1", port, allowHalfOpen: true });
  peer.on("error", () => {});
  const accepted = await accepting;
  atTheEnd(
    () => peer.destroy(),
    () => accepted.abort(),
  );
  return { peer, accepted };
}

function pattern(length: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(length);
  const words = new Uint32Array(bytes.buffer);
  let value = seed;
  for (let index = 0; index < words.length; index++) {
    value = (Math.imul(value, 1664525) + 1013904223) >>> 0;
    words[index] = value;
  }
  return bytes;
}

const bytes = (text: string) => new TextEncoder().encode(text);

describe("A connection", () => {
  test("carries bytes both ways and ends in order", async () => {
    const { dialled, accepted } = await makePair();
    const [near, far] = [Recorder.on(dialled), Recorder.on(accepted)];
    dialled.write(bytes("question"));
    await far.until((recorder) => recorder.length === 8, "question");
    accepted.write(bytes("answer"));
    await near.until((recorder) => recorder.length === 6, "answer");
    dialled.end();
    await far.until((recorder) => recorder.hasEnded, "end");
    accepted.end();
    expect(await near.untilClosed()).toBeNull();
    expect(await far.untilClosed()).toBeNull();
    expect(near.text).toBe("answer");
    expect(far.text).toBe("question");
    expect(near.events).toEqual(["data", "ended", "closed"]);
    expect(far.events).toEqual(["data", "ended", "closed"]);
  });

  test("cut after its end was sent, still lets a slow peer read what came before", async () => {
    const { peer, accepted } = await makeRawPair();
    const near = Recorder.on(accepted);
    accepted.write(pattern(64 * 1024, 1));
    accepted.end();
    expect(accepted.queuedBytes).toBe(0);
    accepted.abort();
    await near.untilClosed();
    await Bun.sleep(30);
    let length = 0;
    peer.on("data", (chunk: Buffer) => {
      length += chunk.length;
    });
    await new Promise<void>((resolve) => {
      peer.on("end", resolve);
      peer.on("close", () => resolve());
      setTimeout(resolve, 500);
    });
    expect(length).toBe(64 * 1024);
  });

  test("names its peer", async () => {
    const { dialled, accepted } = await makePair();
    expect(dialled.peer).toMatch(/^127\.0\.0\.1:\d+$/);
    expect(accepted.peer).toMatch(/^127\.0\.0\.1:\d+$/);
    expect(accepted.peer).not.toBe(dialled.peer);
  });

  test.each(["dialled", "accepted"] as const)(
    "goes on receiving after the %s side has ended",
    async (side) => {
      const pair = await makePair();
      const one = Recorder.on(pair[side]);
      const other = Recorder.on(side === "dialled" ? pair.accepted : pair.dialled);
      one.connection.write(bytes("last words"));
      one.connection.end();
      await other.until((recorder) => recorder.hasEnded, "end of file");
      expect(other.text).toBe("last words");
      await Bun.sleep(20);
      expect(other.closedWith).toBeUndefined();
      for (const part of ["still ", "here"]) {
        other.connection.write(bytes(part));
        await Bun.sleep(5);
      }
      await one.until((recorder) => recorder.length === 10, "bytes after the half-close");
      other.connection.end();
      expect(await one.untilClosed()).toBeNull();
      expect(await other.untilClosed()).toBeNull();
      expect(one.text).toBe("still here");
    },
  );

  test("that is half-closed by its peer costs no time while it waits", async () => {
    const { dialled, accepted } = await makePair();
    const far = Recorder.on(accepted);
    Recorder.on(dialled);
    dialled.end();
    await far.until((recorder) => recorder.hasEnded, "end");
    const before = process.cpuUsage();
    await Bun.sleep(200);
    const used = process.cpuUsage(before);
    expect((used.user + used.system) / 1000).toBeLessThan(100);
  });

  test("delivers to its handler what came before it was started, end included", async () => {
    const { dialled, accepted } = await makePair();
    Recorder.on(dialled);
    dialled.write(bytes("early"));
    dialled.end();
    await Bun.sleep(50);
    const far = Recorder.on(accepted);
    expect(far.events).toEqual([]);
    await far.until((recorder) => recorder.hasEnded, "end");
    expect(far.text).toBe("early");
  });

  test("reads nothing before it is started", async () => {
    const { dialled, accepted } = await makePair();
    Recorder.on(dialled);
    dialled.write(new Uint8Array(16 * MIB));
    await Bun.sleep(50);
    expect(dialled.queuedBytes).toBeGreaterThan(4 * MIB);
    const far = Recorder.on(accepted);
    await far.until((recorder) => recorder.length === 16 * MIB, "all bytes");
  });

  test("is silent while it is paused", async () => {
    const { dialled, accepted } = await makePair();
    const far = Recorder.on(accepted);
    Recorder.on(dialled);
    accepted.pause();
    dialled.write(bytes("wait"));
    dialled.end();
    await Bun.sleep(50);
    expect(far.events).toEqual([]);
    accepted.resume();
    await far.until((recorder) => recorder.hasEnded, "end");
    expect(far.text).toBe("wait");
  });

  test.each([0, 1, 1000, 8 * MIB])(
    "reports a reset while it is paused with %d bytes unread",
    async (unread) => {
      const { peer, accepted } = await makeRawPair();
      const far = Recorder.on(accepted);
      await Bun.sleep(10);
      accepted.pause();
      peer.write(new Uint8Array(unread));
      await Bun.sleep(50);
      peer.resetAndDestroy();
      const error = await far.untilClosed();
      expect(error).toBeInstanceOf(Error);
      accepted.resume();
      await Bun.sleep(1);
      expect(far.events).toEqual(["closed"]);
    },
  );

  test("reports a reset after the peer's end of file while it is paused", async () => {
    const { peer, accepted } = await makeRawPair();
    const far = Recorder.on(accepted);
    accepted.pause();
    peer.end("bye");
    await Bun.sleep(30);
    peer.resetAndDestroy();
    expect(await far.untilClosed()).toBeInstanceOf(Error);
    expect(far.events).toEqual(["closed"]);
  });

  test("reports a reset while it writes to a peer that reads nothing", async () => {
    const { peer, accepted } = await makeRawPair();
    peer.pause();
    const far = Recorder.on(accepted);
    accepted.write(new Uint8Array(32 * MIB));
    accepted.pause();
    await Bun.sleep(30);
    expect(accepted.queuedBytes).toBeGreaterThan(MIB);
    peer.resetAndDestroy();
    expect(await far.untilClosed()).toBeInstanceOf(Error);
    expect(accepted.queuedBytes).toBe(0);
  });

  test("shows what a slow reader has not taken, and says when it is gone", async () => {
    const { dialled, accepted } = await makePair();
    const [near, far] = [Recorder.on(dialled), Recorder.on(accepted)];
    accepted.pause();
    for (let count = 0; count < 16; count++) {
      dialled.write(pattern(MIB, count));
    }
    await Bun.sleep(20);
    const queued = dialled.queuedBytes;
    expect(queued).toBeGreaterThan(4 * MIB);
    expect(queued).toBeLessThan(16 * MIB);
    await Bun.sleep(50);
    expect(near.drainedCount).toBe(0);
    expect(dialled.queuedBytes).toBe(queued);
    accepted.resume();
    await near.until((recorder) => recorder.drainedCount === 1, "drained");
    expect(dialled.queuedBytes).toBe(0);
    await far.until((recorder) => recorder.length === 16 * MIB, "all bytes");
  });

  test("sends what is queued before it ends", async () => {
    const { dialled, accepted } = await makePair();
    const far = Recorder.on(accepted);
    Recorder.on(dialled);
    accepted.pause();
    dialled.write(new Uint8Array(16 * MIB));
    dialled.end();
    dialled.write(bytes("too late"));
    accepted.resume();
    await far.until((recorder) => recorder.hasEnded, "end");
    expect(far.length).toBe(16 * MIB);
  });

  test("carries 64 MiB both ways at once, with pauses, exactly", async () => {
    const { dialled, accepted } = await makePair();
    const total = 64 * MIB;
    const sent = [pattern(total, 1), pattern(total, 2)] as const;
    const recorders = [dialled, accepted].map((connection, index) => {
      const recorder = Recorder.on(connection);
      let seen = 0;
      recorder.onData = (chunk) => {
        seen += chunk.length;
        if (seen > MIB * (1 + index)) {
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
      connection.end();
    }
    await Promise.all(recorders.map((recorder) => recorder.untilClosed()));
    for (const [index, recorder] of recorders.entries()) {
      expect(recorder.closedWith).toBeNull();
      expect(recorder.length).toBe(total);
      expect(Buffer.compare(recorder.bytes, sent[1 - index] ?? new Uint8Array())).toBe(0);
    }
  });

  test("that is aborted closes without an error and tells its peer", async () => {
    const { dialled, accepted } = await makePair();
    const [near, far] = [Recorder.on(dialled), Recorder.on(accepted)];
    await Bun.sleep(5);
    dialled.write(new Uint8Array(16 * MIB));
    dialled.abort();
    expect(near.events).toEqual([]);
    expect(dialled.queuedBytes).toBe(0);
    expect(await near.untilClosed()).toBeNull();
    await far.untilClosed();
    dialled.write(bytes("dropped"));
    dialled.end();
    dialled.abort();
    expect(near.events).toEqual(["closed"]);
  });

  test("whose handler throws is closed with that error", async () => {
    const errors: Error[] = [];
    const { promise, resolve } = Promise.withResolvers<Connection>();
    const listener = await listen(LOCAL, {
      accepted: resolve,
      failed: (error) => errors.push(error),
    });
    atTheEnd(() => listener.close());
    const dialled = await dial(listener.endpoint, { timeoutMs: 1000 });
    Recorder.on(dialled);
    const far = Recorder.on(await promise);
    far.onData = () => {
      throw new Error("a defect");
    };
    await Bun.sleep(10);
    dialled.write(bytes("x"));
    expect((await far.untilClosed())?.message).toBe("a defect");
    expect(errors.length).toBeLessThanOrEqual(1);
  });
});
