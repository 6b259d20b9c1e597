/**
 * A scripted PostgreSQL client and database, for what cannot be made to happen with real ones:
 * exact bytes, random cuts, hostile lengths. Independent of the code under test on purpose.
 */

import net from "node:net";
import tls from "node:tls";

/** A message with a type byte: type, length, body. */
export function message(type: string, body: Uint8Array | string = ""): Buffer {
  const content = Buffer.from(body);
  const bytes = Buffer.alloc(5 + content.length);
  bytes.write(type, 0, "latin1");
  bytes.writeUInt32BE(4 + content.length, 1);
  content.copy(bytes, 5);
  return bytes;
}

/** A StartupMessage of protocol 3.0. */
export function startupMessage(parameters: Readonly<Record<string, string>>): Buffer {
  const text = Object.entries(parameters)
    .map(([name, value]) => `${name}\0${value}\0`)
    .join("");
  const body = Buffer.from(`${text}\0`);
  const bytes = Buffer.alloc(8 + body.length);
  bytes.writeUInt32BE(bytes.length, 0);
  bytes.writeUInt32BE(196_608, 4);
  body.copy(bytes, 8);
  return bytes;
}

/** A DataRow; `null` is NULL. */
export function dataRow(columns: readonly (Uint8Array | null)[]): Buffer {
  const parts: Buffer[] = [];
  const count = Buffer.alloc(2);
  count.writeUInt16BE(columns.length);
  parts.push(count);
  for (const column of columns) {
    const length = Buffer.alloc(4);
    length.writeInt32BE(column?.length ?? -1);
    parts.push(length);
    if (column !== null) {
      parts.push(Buffer.from(column));
    }
  }
  return message("D", Buffer.concat(parts));
}

/** A RowDescription with one format code for each column. */
export function rowDescription(formats: readonly number[]): Buffer {
  const fields = formats.map((format, index) => {
    const name = Buffer.from(`c${index}\0`);
    const rest = Buffer.alloc(18);
    rest.writeUInt32BE(17, 6);
    rest.writeInt16BE(-1, 10);
    rest.writeInt32BE(-1, 12);
    rest.writeUInt16BE(format, 16);
    return Buffer.concat([name, rest]);
  });
  const count = Buffer.alloc(2);
  count.writeUInt16BE(formats.length);
  return message("T", Buffer.concat([count, ...fields]));
}

const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);
export const AUTHENTICATION_OK = message("R", Buffer.from([0, 0, 0, 0]));
export const READY_IDLE = message("Z", "I");
export const ROW_ANSWER_END = Buffer.concat([message("C", "SELECT 1\0"), READY_IDLE]);

/** Splits bytes at random places; `random` answers numbers in 0 … 1. */
export function cutRandomly(bytes: Buffer, pieces: number, random: () => number): Buffer[] {
  const cuts = Array.from({ length: pieces - 1 }, () => Math.floor(random() * bytes.length)).sort(
    (a, b) => a - b,
  );
  const parts: Buffer[] = [];
  let from = 0;
  for (const to of [...cuts, bytes.length]) {
    if (to > from) {
      parts.push(bytes.subarray(from, to));
    }
    from = to;
  }
  return parts;
}

/** A small repeatable random source. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
  };
}

/** One message as it arrived, type letter first. */
export interface ReceivedMessage {
  readonly type: string;
  readonly body: Buffer;
  /** The whole message, header included. */
  readonly raw: Buffer;
}

/** Cuts a stream into typed messages. */
export class MessageReader {
  #pending: Buffer = Buffer.alloc(0);
  #chunks: Buffer[] = [];
  #length = 0;

  push(chunk: Buffer): ReceivedMessage[] {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    const wanted = this.#pending.length >= 5 ? this.#pending.readUInt32BE(1) + 1 : 5;
    if (this.#pending.length + this.#length < wanted) {
      return [];
    }
    this.#pending = Buffer.concat([this.#pending, ...this.#chunks]);
    this.#chunks = [];
    this.#length = 0;
    return this.#cut();
  }

  #cut(): ReceivedMessage[] {
    const messages: ReceivedMessage[] = [];
    while (this.#pending.length >= 5) {
      const length = this.#pending.readUInt32BE(1) + 1;
      if (this.#pending.length < length) {
        break;
      }
      const raw = this.#pending.subarray(0, length);
      messages.push({ type: raw.toString("latin1", 0, 1), body: raw.subarray(5), raw });
      this.#pending = this.#pending.subarray(length);
    }
    return messages;
  }
}

/** A raw client: sends what it is told and collects typed messages. */
export class RawClient {
  readonly socket: net.Socket;
  readonly #reader = new MessageReader();
  readonly #messages: ReceivedMessage[] = [];
  #wake: (() => void) | null = null;
  #ended = false;

  private constructor(socket: net.Socket) {
    this.socket = socket;
    socket.on("data", (chunk: Buffer) => {
      this.#messages.push(...this.#reader.push(chunk));
      this.#wake?.();
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      this.#ended = true;
      this.#wake?.();
    });
  }

  static async connect(port: number): Promise<RawClient> {
    return new RawClient(await openSocket(port));
  }

  /** Asks for TLS and speaks it, whatever certificate it is shown. */
  static async connectTls(port: number): Promise<RawClient> {
    const socket = await openSocket(port);
    const gone = new Promise<never>((_, reject) => {
      socket.on("error", reject);
      socket.once("close", () => reject(new Error("the connection ended before TLS stood")));
    });
    gone.catch(() => {});
    socket.write(SSL_REQUEST);
    const answer = new Promise<Buffer>((resolve) => socket.once("data", resolve));
    if ((await Promise.race([answer, gone])).toString("latin1") !== "S") {
      throw new Error("TLS was refused");
    }
    const secure = tls.connect({ socket, rejectUnauthorized: false });
    secure.on("error", () => {});
    await Promise.race([new Promise((resolve) => secure.once("secureConnect", resolve)), gone]);
    return new RawClient(secure);
  }

  /** Connects and logs in to a database that asks for nothing. */
  static async login(port: number): Promise<RawClient> {
    const client = await RawClient.connect(port);
    client.send(startupMessage({ user: "test", database: "test" }));
    await client.until("Z");
    return client;
  }

  get closed(): boolean {
    return this.#ended;
  }

  send(bytes: Uint8Array): void {
    this.socket.write(bytes);
  }

  /** Everything up to and including the next message of a type; throws when the connection ends first. */
  async until(type: string): Promise<ReceivedMessage[]> {
    for (;;) {
      const index = this.#messages.findIndex((candidate) => candidate.type === type);
      if (index >= 0) {
        return this.#messages.splice(0, index + 1);
      }
      if (this.#ended) {
        throw new Error(`the connection ended before a ${type} message came`);
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Everything that came until the connection was closed. */
  async untilClosed(): Promise<ReceivedMessage[]> {
    while (!this.#ended) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#messages.splice(0);
  }

  close(): void {
    this.socket.destroy();
  }
}

async function openSocket(port: number): Promise<net.Socket> {
  const socket = net.connect({ port, host: "127.0.0.1" });
  socket.setNoDelay(true);
  await new Promise<void>((resolve, reject) => {
    socket.once("connect", resolve);
    socket.once("error", reject);
  });
  return socket;
}

/** What a scripted database does with a message of its client; the answer is written as it is. */
export type Answer = (
  received: ReceivedMessage,
  socket: net.Socket,
) => readonly Uint8Array[] | Promise<readonly Uint8Array[]>;

/** A database that asks for no password and answers by script. */
export class ScriptedDatabase {
  readonly port: number;
  readonly #server: net.Server;
  readonly #sockets = new Set<net.Socket>();

  private constructor(server: net.Server, port: number, sockets: Set<net.Socket>) {
    this.#server = server;
    this.port = port;
    this.#sockets = sockets;
  }

  static async start(answer: Answer): Promise<ScriptedDatabase> {
    const sockets = new Set<net.Socket>();
    const server = net.createServer((socket) => {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on("error", () => {});
      socket.on("close", () => sockets.delete(socket));
      serve(socket, answer);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    if (address === null || typeof address === "string") {
      throw new Error("the scripted database has no port");
    }
    return new ScriptedDatabase(server, address.port, sockets);
  }

  get connections(): number {
    return this.#sockets.size;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) {
      socket.destroy();
    }
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}

function serve(socket: net.Socket, answer: Answer): void {
  const reader = new MessageReader();
  let startup: Buffer = Buffer.alloc(0);
  let started = false;
  let turn: Promise<void> = Promise.resolve();
  const deliver = (chunk: Buffer): void => {
    for (const received of reader.push(chunk)) {
      turn = turn.then(async () => {
        for (const part of await answer(received, socket)) {
          if (!socket.destroyed && !socket.write(part)) {
            await drained(socket);
          }
        }
      });
    }
  };
  socket.on("data", (chunk: Buffer) => {
    if (started) {
      deliver(chunk);
      return;
    }
    startup = Buffer.concat([startup, chunk]);
    if (startup.length >= 4 && startup.length >= startup.readUInt32BE(0)) {
      started = true;
      socket.write(Buffer.concat([AUTHENTICATION_OK, READY_IDLE]));
      const rest = startup.subarray(startup.readUInt32BE(0));
      if (rest.length > 0) {
        deliver(rest);
      }
    }
  });
}

/** Resolves when the socket takes more, or is gone. */
export function drained(socket: net.Socket): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      socket.off("drain", done);
      socket.off("close", done);
      resolve();
    };
    socket.on("drain", done);
    socket.on("close", done);
  });
}
