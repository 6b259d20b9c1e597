/** The bare relay is a fair peer: it loses nothing, reorders nothing and hands the end on. */

import { afterAll, beforeAll, expect, test } from "bun:test";
import { connect, createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { findFreePort, waitForListener } from "../../test/harness/ports.ts";
import { type RunningProcess, startProcess } from "../../test/harness/process.ts";

const LENGTH = 24 * 1024 * 1024;
const PIECE = 64 * 1024;

/** Bytes that tell where they belong. */
function contentAt(offset: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let index = 0; index < length; index++) {
    bytes[index] = ((offset + index) * 2_654_435_761) >>> 13;
  }
  return bytes;
}

/** Writes everything as fast as the socket takes it, then ends. */
async function flood(socket: Socket): Promise<void> {
  for (let offset = 0; offset < LENGTH; offset += PIECE) {
    if (!socket.write(contentAt(offset, PIECE))) {
      await new Promise((resolve) => socket.once("drain", resolve));
    }
  }
  socket.end();
}

/** Reads to the end, with pauses; answers the length, or -1 when a byte is wrong. */
async function readSlowly(socket: Socket): Promise<number> {
  let at = 0;
  for await (const chunk of socket) {
    if (!contentAt(at, chunk.length).equals(chunk)) {
      return -1;
    }
    at += chunk.length;
    if (at % 7 === 0) {
      await Bun.sleep(1);
    }
  }
  return at;
}

let database: Server;
let relay: RunningProcess;
let port: number;
let onConnection: (socket: Socket) => void = () => {};

beforeAll(async () => {
  database = createServer((socket) => onConnection(socket));
  const target = await findFreePort();
  await new Promise<void>((resolve) => database.listen(target, "127.0.0.1", resolve));
  port = await findFreePort();
  const program = join(import.meta.dir, "relay.ts");
  relay = startProcess([process.execPath, program, String(port), String(target)]);
  await waitForListener(port);
});

afterAll(async () => {
  await relay?.stop("SIGKILL");
  database?.close();
});

test("the relay carries everything to a slow reader, and the end after it", async () => {
  onConnection = (socket) => void flood(socket);
  expect(await readSlowly(connect(port, "127.0.0.1"))).toBe(LENGTH);
});

test("the relay carries everything the other way too", async () => {
  const { promise, resolve } = Promise.withResolvers<number>();
  onConnection = (socket) => void readSlowly(socket).then(resolve);
  const socket = connect(port, "127.0.0.1");
  await flood(socket);
  expect(await promise).toBe(LENGTH);
  socket.destroy();
});
