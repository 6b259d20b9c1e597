/** Dialling and listening: refusals in clear words, time limits, unix sockets. */

import { afterEach, describe, expect, test } from "bun:test";
import { existsSync, writeFileSync } from "node:fs";
import {
  atTheEnd,
  cleanUp,
  LOCAL,
  listenFor,
  makePair,
  makeSocketPath,
  portOf,
} from "../../test/harness/connections.ts";
import { Recorder } from "../../test/harness/recorder.ts";
import { SilentListener } from "../../test/harness/silent_listener.ts";
import { countAbandonedDials, dial, listen } from "./mod.ts";

afterEach(cleanUp);

const bytes = (text: string) => new TextEncoder().encode(text);

describe("Dialling", () => {
  test("a port that nobody listens on is refused in clear words", async () => {
    const [listener] = await listenFor(LOCAL);
    listener.close();
    const port = portOf(listener.endpoint);
    const attempt = dial({ kind: "tcp", host: "127.0.0.1", port }, { timeoutMs: 1000 });
    await expect(attempt).rejects.toThrow(
      `Cannot connect to tcp://127.0.0.1:${port}/: connection refused`,
    );
  });

  test("an unknown host says so", async () => {
    const attempt = dial(
      { kind: "tcp", host: "no-such-host.invalid", port: 1 },
      { timeoutMs: 5000 },
    );
    await expect(attempt).rejects.toThrow("Cannot connect to tcp://no-such-host.invalid:1/");
  });

  test("a missing unix socket says so", async () => {
    const path = makeSocketPath();
    const attempt = dial({ kind: "unix", path }, { timeoutMs: 1000 });
    await expect(attempt).rejects.toThrow(`Cannot connect to unix://${path}: no such socket`);
  });

  test("a host that does not answer ends after the time given", async () => {
    const silent = await SilentListener.start();
    const { port } = silent;
    const started = Date.now();
    const attempts = Array.from({ length: 700 }, () =>
      dial({ kind: "tcp", host: "127.0.0.1", port }, { timeoutMs: 300 }).then(
        (connection) => {
          connection.abort();
          return "connected";
        },
        (error: Error) => error.message,
      ),
    );
    const outcomes = await Promise.all(attempts);
    expect(outcomes).toContain(
      `Cannot connect to tcp://127.0.0.1:${port}/: no answer within 300 ms`,
    );
    expect(Date.now() - started).toBeLessThan(2000);
    expect(countAbandonedDials()).toBe(outcomes.filter((text) => text.endsWith("ms")).length);
    await silent.stop();
    const end = Date.now() + 10_000;
    while (countAbandonedDials() > 0) {
      expect(Date.now()).toBeLessThan(end);
      await Bun.sleep(20);
    }
  });
});

describe("Listening", () => {
  test("on a port in use says so", async () => {
    const [listener] = await listenFor(LOCAL);
    const second = listen(listener.endpoint, { accepted: () => {}, failed: () => {} });
    await expect(second).rejects.toThrow("the address is already in use");
  });

  test("on an empty host takes connections of both families", async () => {
    const [listener] = await listenFor({ kind: "tcp", host: "", port: 0 });
    const port = portOf(listener.endpoint);
    const connection = await dial({ kind: "tcp", host: "127.0.0.1", port }, { timeoutMs: 1000 });
    connection.abort();
    expect(port).toBeGreaterThan(0);
  });

  test("may share a port when asked to", async () => {
    const handler = { accepted: () => {}, failed: () => {} };
    const first = await listen(LOCAL, handler, { reusePort: true });
    const second = await listen(first.endpoint, handler, { reusePort: true });
    atTheEnd(first.close, second.close);
    expect(second.endpoint).toEqual(first.endpoint);
  });

  test("that stops leaves accepted connections alone", async () => {
    const [listener, accepting] = await listenFor(LOCAL);
    const dialled = await dial(listener.endpoint, { timeoutMs: 1000 });
    const accepted = await accepting;
    listener.close();
    listener.close();
    const far = Recorder.on(accepted);
    Recorder.on(dialled);
    dialled.write(bytes("on"));
    dialled.end();
    await far.until((recorder) => recorder.hasEnded, "end");
    expect(far.text).toBe("on");
    accepted.abort();
  });
});

describe("A unix socket", () => {
  test("carries bytes, and its file is gone after the end", async () => {
    const path = makeSocketPath();
    const [listener, accepting] = await listenFor({ kind: "unix", path });
    const dialled = await dial({ kind: "unix", path }, { timeoutMs: 1000 });
    const far = Recorder.on(await accepting);
    Recorder.on(dialled);
    dialled.write(bytes("local"));
    dialled.end();
    await far.until((recorder) => recorder.hasEnded, "end");
    expect(far.text).toBe("local");
    expect(far.connection.peer).toBe(path);
    far.connection.end();
    listener.close();
    expect(existsSync(path)).toBe(false);
  });

  test("left behind by a dead process is replaced", async () => {
    const path = makeSocketPath();
    const script = `Bun.listen({ unix: ${JSON.stringify(path)}, socket: { data() {} } }); process.kill(process.pid, "SIGKILL")`;
    await Bun.spawn([process.execPath, "-e", script], { stdout: "ignore" }).exited;
    expect(existsSync(path)).toBe(true);
    const { dialled } = await makePair({ kind: "unix", path });
    expect(dialled.peer).toBe(path);
  });

  test("of a living process is left alone", async () => {
    const path = makeSocketPath();
    await makePair({ kind: "unix", path });
    const second = listen({ kind: "unix", path }, { accepted: () => {}, failed: () => {} });
    await expect(second).rejects.toThrow("the address is already in use");
    const again = await dial({ kind: "unix", path }, { timeoutMs: 1000 });
    again.abort();
  });

  test("does not replace another kind of file", async () => {
    const path = makeSocketPath();
    writeFileSync(path, "precious");
    const second = listen({ kind: "unix", path }, { accepted: () => {}, failed: () => {} });
    await expect(second).rejects.toThrow("the address is already in use");
    expect(existsSync(path)).toBe(true);
  });
});
