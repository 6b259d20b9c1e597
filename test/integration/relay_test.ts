/** What is not ours arrives unchanged, in any amount, with bounded memory (acra-proxy.md §7.5, §7.6). */

import { beforeAll, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import net from "node:net";
import { type AcraKeys, makeKeys, startAcraConnector, startAcraServer } from "../harness/acra.ts";
import {
  cutRandomly,
  dataRow,
  drained,
  message,
  RawClient,
  ROW_ANSWER_END,
  ScriptedDatabase,
  seededRandom,
  startupMessage,
} from "../harness/pg_peers.ts";

const MIB = 1024 * 1024;
const CLIENT_TYPES = "QPBDECHSFdcfX?";
const DATABASE_TYPES = "D D D D T C Z 1 2 3 n t I s N A S E d c G H K v %".split(" ");
/** How much a server may grow over its idle size while it moves any amount of bytes. */
const GROWTH_LIMIT_BYTES = 96 * MIB;

let keys: AcraKeys;

beforeAll(async () => {
  keys = await makeKeys();
});

function residentPeak(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? 0) * 1024;
}

/** A thousand messages that hold nothing for us, the same for the same seed. */
function mixedStream(seed: number, types: readonly string[], count: number): Buffer {
  const random = seededRandom(seed);
  const parts: Buffer[] = [];
  for (let index = 0; index < count; index++) {
    const type = types[Math.floor(random() * types.length)] ?? "N";
    const length = Math.floor(random() ** 4 * 2_000);
    const body = Buffer.alloc(length, Math.floor(random() * 256));
    for (let at = 0; at < length; at += 7) {
      body[at] = Math.floor(random() * 256);
    }
    parts.push(
      type === "D" && types === DATABASE_TYPES ? rowOf(body, random) : message(type, body),
    );
  }
  return Buffer.concat(parts);
}

function rowOf(body: Buffer, random: () => number): Buffer {
  const middle = Math.floor(random() * body.length);
  return dataRow([body.subarray(0, middle), null, body.subarray(middle), new Uint8Array()]);
}

function digest(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function sendInPieces(socket: net.Socket, bytes: Buffer, random: () => number): void {
  for (const piece of cutRandomly(bytes, 20, random)) {
    socket.write(piece);
  }
}

/** Reads exactly so many bytes. */
function collect(
  socket: net.Socket,
  length: number,
  already: Buffer = Buffer.alloc(0),
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [already];
    let have = already.length;
    const take = (chunk: Buffer): void => {
      chunks.push(chunk);
      have += chunk.length;
      if (have >= length) {
        socket.off("data", take);
        resolve(Buffer.concat(chunks));
      }
    };
    socket.on("data", take);
    socket.on("close", () =>
      reject(new Error(`connection closed after ${have} of ${length} bytes`)),
    );
    socket.on("error", () => {});
  });
}

const CLIENT_TYPE_LIST = CLIENT_TYPES.split("");
const CLIENT_SEED = 1_000_000;

/** A database that plays the stream whose seed is the name of the database. */
function startMixedDatabase(count: number, seen: Map<number, string>): Promise<net.Server> {
  const server = net.createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", (startup: Buffer) => {
      const seed = Number(/database\0(\d+)\0/.exec(startup.toString("latin1"))?.[1]);
      const random = seededRandom(seed + 7);
      const greeting = Buffer.concat([message("R", Buffer.alloc(4)), message("Z", "I")]);
      const expected = mixedStream(seed + CLIENT_SEED, CLIENT_TYPE_LIST, count);
      const already = startup.subarray(startup.readUInt32BE(0));
      collect(socket, expected.length, already).then(
        (bytes) => seen.set(seed, digest(bytes)),
        () => {},
      );
      socket.write(greeting);
      sendInPieces(socket, mixedStream(seed, DATABASE_TYPES, count), random);
    });
  });
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)));
}

async function runMixedSession(port: number, seed: number, count: number): Promise<boolean> {
  const socket = net.connect(port, "127.0.0.1");
  await new Promise<void>((resolve, reject) => {
    socket.once("connect", resolve);
    socket.once("error", reject);
  });
  const expected = mixedStream(seed, DATABASE_TYPES, count);
  const greeting = 9 + 6;
  const answer = collect(socket, greeting + expected.length);
  socket.write(startupMessage({ user: "u", database: String(seed) }));
  sendInPieces(
    socket,
    mixedStream(seed + CLIENT_SEED, CLIENT_TYPE_LIST, count),
    seededRandom(seed + 11),
  );
  const bytes = await answer;
  socket.end();
  return digest(bytes.subarray(greeting)) === digest(expected);
}

describe("acra server and what is not ours", () => {
  test("forwards 1000 sessions of 1000 mixed messages each way unchanged, through the connector", async () => {
    const seen = new Map<number, string>();
    const database = await startMixedDatabase(1_000, seen);
    const { port } = database.address() as net.AddressInfo;
    const server = await startAcraServer({ host: "127.0.0.1", port }, { keys });
    const connector = await startAcraConnector(server, { keys });
    let next = 1;
    const wrong: number[] = [];
    const worker = async (): Promise<void> => {
      while (next <= 1_000) {
        const seed = next++;
        if (!(await runMixedSession(connector.port, seed, 1_000))) {
          wrong.push(seed);
        }
      }
    };
    await Promise.all(Array.from({ length: 20 }, worker));
    for (let tries = 0; tries < 100 && seen.size < 1_000; tries++) {
      await Bun.sleep(20);
    }
    const mangled = [...seen].filter(
      ([seed, hash]) => hash !== digest(mixedStream(seed + CLIENT_SEED, CLIENT_TYPE_LIST, 1_000)),
    );
    expect(wrong).toEqual([]);
    expect(seen.size).toBe(1_000);
    expect(mangled).toEqual([]);
    await connector.stop();
    await server.stop();
    database.close();
  }, 240_000);

  test("streams a 1 GiB COPY each way and a 500 MB cell with bounded memory", async () => {
    const piece = message("d", Buffer.alloc(64 * 1024, "x"));
    const total = 1024 * MIB;
    let copiedIn = 0;
    const database = await ScriptedDatabase.start(async (received, socket) => {
      if (received.type === "d") {
        copiedIn += received.body.length;
        return [];
      }
      if (received.type === "c") {
        return [ROW_ANSWER_END];
      }
      switch (received.body.toString().replace("\0", "")) {
        case "out":
          await writeRepeated(socket, piece, total / (64 * 1024));
          return [message("c"), ROW_ANSWER_END];
        case "cell":
          await writeBigCell(socket, 500 * MIB);
          return [ROW_ANSWER_END];
        default:
          return [message("G", Buffer.from([0, 0, 0]))];
      }
    });
    const server = await startAcraServer({ host: "127.0.0.1", port: database.port }, { keys });
    const connector = await startAcraConnector(server, { keys });
    const client = await RawClient.login(connector.port);
    const before = residentPeak(server.process.pid);
    const connectorBefore = residentPeak(connector.process.pid);

    const out = await countBytes(connector.port, "out", total);
    expect(out).toBeGreaterThanOrEqual(total);
    const cell = await countBytes(connector.port, "cell", 500 * MIB);
    expect(cell).toBeGreaterThanOrEqual(500 * MIB);

    client.send(message("Q", "in\0"));
    await client.until("G");
    await writeRepeated(client.socket, piece, total / (64 * 1024));
    client.send(message("c"));
    await client.until("Z");
    expect(copiedIn).toBe(total);

    expect(residentPeak(server.process.pid) - before).toBeLessThan(GROWTH_LIMIT_BYTES);
    expect(residentPeak(connector.process.pid) - connectorBefore).toBeLessThan(GROWTH_LIMIT_BYTES);
    client.close();
    await connector.stop();
    await server.stop();
    await database.stop();
  }, 240_000);

  test("holds a bounded amount for a reader that stalls", async () => {
    const piece = message("d", Buffer.alloc(64 * 1024, "x"));
    const database = await ScriptedDatabase.start(async (_received, socket) => {
      await writeRepeated(socket, piece, 4_096);
      return [ROW_ANSWER_END];
    });
    const server = await startAcraServer({ host: "127.0.0.1", port: database.port }, { keys });
    const connector = await startAcraConnector(server, { keys });
    const client = await RawClient.login(connector.port);
    const before = residentPeak(server.process.pid);
    client.socket.pause();
    client.send(message("Q", "out\0"));
    await Bun.sleep(2_000);
    expect(residentPeak(server.process.pid) - before).toBeLessThan(32 * MIB);
    client.socket.resume();
    await client.until("Z");
    client.close();
    await connector.stop();
    await server.stop();
    await database.stop();
  }, 60_000);
});

async function writeRepeated(socket: net.Socket, piece: Buffer, times: number): Promise<void> {
  for (let count = 0; count < times && !socket.destroyed; count++) {
    if (!socket.write(piece)) {
      await drained(socket);
    }
  }
}

async function writeBigCell(socket: net.Socket, length: number): Promise<void> {
  const header = Buffer.alloc(11);
  header.write("D");
  header.writeUInt32BE(4 + 2 + 4 + length, 1);
  header.writeUInt16BE(1, 5);
  header.writeUInt32BE(length, 7);
  socket.write(header);
  await writeRepeated(socket, Buffer.alloc(64 * 1024, "y"), length / (64 * 1024));
}

/** Logs in, sends a query and counts what comes until the answer must be complete. */
async function countBytes(port: number, query: string, atLeast: number): Promise<number> {
  const socket = net.connect(port, "127.0.0.1");
  let count = 0;
  let tail = Buffer.alloc(0);
  const done = new Promise<void>((resolve, reject) => {
    socket.on("data", (chunk: Buffer) => {
      count += chunk.length;
      tail = Buffer.from(Buffer.concat([tail, chunk.subarray(-6)]).subarray(-6));
      if (count >= atLeast && tail[0] === 0x5a) {
        resolve();
      }
    });
    socket.on("close", () => reject(new Error(`closed after ${count} bytes`)));
    socket.on("error", () => {});
  });
  socket.write(startupMessage({ user: "u" }));
  socket.write(message("Q", `${query}\0`));
  await done;
  socket.destroy();
  return count;
}
