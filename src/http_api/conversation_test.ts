/** The life of an API connection over real sockets: time limits, ends in any order, lost peers. */

import { afterEach, describe, expect, test } from "bun:test";
import net from "node:net";
import { atTheEnd, cleanUp, LOCAL, portOf } from "../../test/harness/connections.ts";
import { askRaw } from "../../test/harness/http_text.ts";
import { listen } from "../transport/mod.ts";
import { ApiConversation } from "./conversation.ts";
import type { ApiRequest } from "./request_reader.ts";

afterEach(cleanUp);

/** A listener whose conversations answer with what `answer` gives; tells when they ended. */
async function serve(
  answer: (request: ApiRequest) => Promise<string>,
): Promise<{ readonly port: number; readonly ended: Promise<void> }> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const listener = await listen(LOCAL, {
    accepted: (connection) => {
      new ApiConversation(connection, { answer, timeoutMs: 200, ended: () => resolve() });
    },
    failed: () => {},
  });
  atTheEnd(() => listener.close());
  return { port: portOf(listener.endpoint), ended: promise };
}

const GET = "GET /a HTTP/1.1\r\n\r\n";

describe("ApiConversation", () => {
  test("answers and closes", async () => {
    const { port, ended } = await serve(async ({ path }) => `answer to ${path}`);
    expect(await askRaw(port, [GET])).toEqual({ text: "answer to /a", reset: false });
    await ended;
  });

  test("answers a peer that has ended its side already", async () => {
    const { port, ended } = await serve(async () => {
      await Bun.sleep(50);
      return "late";
    });
    const socket = net.connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    socket.end(GET);
    const text = await new Promise<string>((resolve) =>
      socket.once("data", (chunk: Buffer) => resolve(chunk.toString())),
    );
    expect(text).toBe("late");
    await ended;
    socket.destroy();
  });

  test("does not lose the answer when a large body is still under way", async () => {
    const { port } = await serve(async () => "answer");
    const socket = net.connect(port, "127.0.0.1").pause();
    let reset = false;
    socket.on("error", () => {
      reset = true;
    });
    socket.write("POST /a HTTP/1.1\r\nContent-Length: 3000000\r\n\r\n");
    socket.write(Buffer.alloc(3_000_000));
    await Bun.sleep(100);
    const chunks: Buffer[] = [];
    socket.on("data", (chunk: Buffer) => chunks.push(chunk));
    socket.resume();
    await new Promise((resolve) => socket.once("close", resolve));
    expect(Buffer.concat(chunks).toString()).toBe("answer");
    expect(reset).toBe(false);
  });

  test("closes without a byte what is no request, what is slow, and what ends early", async () => {
    for (const bytes of ["nonsense\r\n\r\n", "GET / HTTP/1.1\r\n", ""]) {
      const { port, ended } = await serve(async () => "answer");
      const started = performance.now();
      expect((await askRaw(port, [bytes])).text).toBe("");
      expect(performance.now() - started).toBeLessThan(2_000);
      await ended;
    }
    const { port, ended } = await serve(async () => "answer");
    net.connect(port, "127.0.0.1").end("GET / HT");
    await ended;
  });

  test("a peer that is gone before the answer is ready does no harm", async () => {
    const { promise: asked, resolve } = Promise.withResolvers<void>();
    const { port, ended } = await serve(async () => {
      resolve();
      await Bun.sleep(50);
      return "answer";
    });
    const socket = net.connect(port, "127.0.0.1");
    socket.on("error", () => {});
    socket.write(GET);
    await asked;
    socket.resetAndDestroy();
    await ended;
  });
});
