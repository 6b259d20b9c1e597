/**
 * A client that costs little: some connections, each with one prepared-as-bytes simple query under
 * way; of the answers only the frames are walked. Logs in without a password.
 */

import type { Socket } from "bun";

/** What was done in a span of time. */
export interface LoadResult {
  readonly transactions: number;
  readonly rows: number;
  readonly seconds: number;
}

const TYPE_ROW = 0x44;
const TYPE_ERROR = 0x45;
const TYPE_READY = 0x5a;
const HEADER_LENGTH = 5;
const PROTOCOL_3 = 196_608;

/** A simple query as it goes over the wire. */
export function encodeQuery(sql: string): Uint8Array {
  const body = Buffer.from(`${sql}\0`);
  const message = Buffer.alloc(HEADER_LENGTH + body.length);
  message.write("Q", 0, "latin1");
  message.writeUInt32BE(4 + body.length, 1);
  body.copy(message, HEADER_LENGTH);
  return message;
}

function encodeStartup(user: string, database: string): Uint8Array {
  const body = Buffer.from(`user\0${user}\0database\0${database}\0\0`);
  const message = Buffer.alloc(8 + body.length);
  message.writeUInt32BE(message.length, 0);
  message.writeUInt32BE(PROTOCOL_3, 4);
  body.copy(message, 8);
  return message;
}

/** Walks the frames of one direction of a session, whatever the cuts. */
class FrameWalker {
  rows = 0;
  readonly #ready: () => void;
  readonly #header = Buffer.alloc(HEADER_LENGTH);
  #headerBytes = 0;
  #bodyLeft = 0;

  constructor(ready: () => void) {
    this.#ready = ready;
  }

  push(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#bodyLeft > 0) {
        const taken = Math.min(this.#bodyLeft, chunk.length - at);
        this.#bodyLeft -= taken;
        at += taken;
      } else {
        const taken = Math.min(HEADER_LENGTH - this.#headerBytes, chunk.length - at);
        chunk.copy(this.#header, this.#headerBytes, at, at + taken);
        this.#headerBytes += taken;
        at += taken;
        if (this.#headerBytes === HEADER_LENGTH) {
          this.#bodyLeft = this.#header.readUInt32BE(1) - 4;
          this.#headerBytes = 0;
        }
      }
      if (this.#headerBytes === 0 && this.#bodyLeft === 0) {
        this.#frame(this.#header[0] ?? 0);
      }
    }
  }

  #frame(type: number): void {
    if (type === TYPE_ROW) {
      this.rows++;
    } else if (type === TYPE_READY) {
      this.#ready();
    } else if (type === TYPE_ERROR) {
      throw new Error("the database answered with an error");
    }
  }
}

/** Some logged-in connections that wait for work. */
export class LoadClient {
  readonly #sockets: Socket<FrameWalker>[] = [];
  #queries: readonly Uint8Array[] = [];
  #next = 0;
  #running = false;
  #underWay = 0;
  #transactions = 0;
  #idle: (() => void) | null = null;
  #failure: ((error: Error) => void) | null = null;

  /** Connects and logs in. */
  static async connect(port: number, connections: number): Promise<LoadClient> {
    const client = new LoadClient();
    for (let count = 0; count < connections; count++) {
      await client.#connectOne(port);
    }
    return client;
  }

  /** Sends the queries round and round on all connections for a while. */
  async run(queries: readonly Uint8Array[], seconds: number): Promise<LoadResult> {
    this.#queries = queries;
    this.#transactions = 0;
    const rowsBefore = this.#rows();
    const started = performance.now();
    this.#running = true;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#idle = resolve;
    this.#failure = reject;
    for (const socket of this.#sockets) {
      this.#send(socket);
    }
    setTimeout(() => {
      this.#running = false;
    }, seconds * 1000);
    await promise;
    return {
      transactions: this.#transactions,
      rows: this.#rows() - rowsBefore,
      seconds: (performance.now() - started) / 1000,
    };
  }

  close(): void {
    this.#failure = null;
    for (const socket of this.#sockets) {
      socket.end();
    }
  }

  #rows(): number {
    return this.#sockets.reduce((sum, socket) => sum + socket.data.rows, 0);
  }

  #send(socket: Socket<FrameWalker>): void {
    const query = this.#queries[this.#next++ % this.#queries.length];
    if (query === undefined || socket.write(query) !== query.length) {
      throw new Error("a short query was not taken at once");
    }
    this.#underWay++;
  }

  #answered(socket: Socket<FrameWalker>): void {
    this.#underWay--;
    this.#transactions++;
    if (this.#running) {
      this.#send(socket);
    } else if (this.#underWay === 0) {
      this.#idle?.();
    }
  }

  async #connectOne(port: number): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    let loggedIn = false;
    const socket = await Bun.connect<FrameWalker>({
      hostname: "127.0.0.1",
      port,
      data: new FrameWalker(() => {
        if (loggedIn) {
          this.#answered(socket);
        } else {
          loggedIn = true;
          resolve();
        }
      }),
      socket: {
        data: ({ data: walker }, chunk) => {
          try {
            walker.push(chunk);
          } catch (error) {
            const failure = error instanceof Error ? error : new Error(String(error));
            reject(failure);
            this.#failure?.(failure);
          }
        },
        close: () => {
          const failure = new Error(`the connection to port ${port} was closed`);
          reject(failure);
          this.#failure?.(failure);
        },
      },
    });
    socket.setNoDelay(true);
    socket.write(encodeStartup("postgres", "postgres"));
    await promise;
    this.#sockets.push(socket);
  }
}
