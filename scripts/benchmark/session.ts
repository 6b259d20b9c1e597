/**
 * A session with the database that costs the client little: of the answers only the frames are walked.
 * Logs in without a password, with TLS where the address asks for it.
 */

import type { Socket } from "bun";

/** Where to connect. */
export interface Address {
  readonly port: number;
  /** Asks for TLS in the words of the protocol (`sslmode=require`). */
  readonly tls: boolean;
}

const HOST = "127.0.0.1";
const TYPE_ROW = 0x44;
const TYPE_ERROR = 0x45;
const TYPE_READY = 0x5a;
const HEADER_LENGTH = 5;
const PROTOCOL_3 = 196_608;
const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]);
const SSL_WILLING = 0x53;
const LOGIN_TIMEOUT_MS = 20_000;

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
export class FrameWalker {
  rows = 0;
  readonly #ready: () => void;
  readonly #header = Buffer.alloc(HEADER_LENGTH);
  #headerBytes = 0;
  #bodyLeft = 0;

  constructor(ready: () => void) {
    this.#ready = ready;
  }

  /** @throws Error when the database reports one. */
  push(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#bodyLeft > 0) {
        const taken = Math.min(this.#bodyLeft, chunk.length - at);
        this.#bodyLeft -= taken;
        at += taken;
      } else {
        const taken = Math.min(HEADER_LENGTH - this.#headerBytes, chunk.length - at);
        for (let index = 0; index < taken; index++) {
          this.#header[this.#headerBytes + index] = chunk[at + index] ?? 0;
        }
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

/** A socket's way back to its session; `active` is false for the bare socket under a TLS one. */
interface Holder {
  readonly session: Session;
  active: boolean;
}

const HANDLERS = {
  data({ data }: Socket<Holder>, chunk: Buffer): void {
    if (data.active) {
      data.session.received(chunk);
    }
  },
  handshake({ data }: Socket<Holder>): void {
    data.session.handshaken();
  },
  close({ data }: Socket<Holder>): void {
    data.session.gone();
  },
};

/** A logged-in session. */
export class Session {
  /** Called at the end of every answer. */
  onAnswer: (() => void) | null = null;
  /** Called once, when the session cannot go on. */
  onFailure: ((error: Error) => void) | null = null;
  /** Resolves when the connection is gone. */
  readonly closed: Promise<void>;
  readonly #closed = Promise.withResolvers<void>();
  readonly #port: number;
  readonly #walker = new FrameWalker(() => this.onAnswer?.());
  #socket: Socket<Holder> | null = null;
  #waitsForTls: boolean;
  #closing = false;

  private constructor(address: Address) {
    this.closed = this.#closed.promise;
    this.#port = address.port;
    this.#waitsForTls = address.tls;
  }

  /** Connects and logs in. */
  static async open(address: Address): Promise<Session> {
    const session = new Session(address);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    session.onAnswer = resolve;
    session.onFailure = reject;
    const timer = setTimeout(() => reject(new Error("no login in time")), LOGIN_TIMEOUT_MS);
    try {
      const socket = await Bun.connect<Holder>({
        hostname: HOST,
        port: address.port,
        data: { session, active: true },
        socket: HANDLERS,
      });
      socket.setNoDelay(true);
      session.#socket = socket;
      socket.write(address.tls ? SSL_REQUEST : encodeStartup("postgres", "postgres"));
      await promise;
    } finally {
      clearTimeout(timer);
    }
    session.onAnswer = null;
    session.onFailure = null;
    return session;
  }

  /** Rows that arrived so far. */
  get rows(): number {
    return this.#walker.rows;
  }

  /** Sends a short query; {@link onAnswer} tells when its answer is there. */
  send(query: Uint8Array): void {
    if (this.#socket?.write(query) !== query.length) {
      throw new Error("a short query was not taken at once");
    }
  }

  /** Sends a query and waits for the end of its answer. */
  async ask(query: Uint8Array): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.onAnswer = resolve;
    this.onFailure = reject;
    this.send(query);
    await promise;
  }

  close(): void {
    this.#closing = true;
    this.#socket?.end();
  }

  /** Called by the socket. */
  received(chunk: Buffer): void {
    if (this.#waitsForTls) {
      this.#beginTls(chunk);
      return;
    }
    try {
      this.#walker.push(chunk);
    } catch (error) {
      this.onFailure?.(error instanceof Error ? error : new Error(String(error)));
    }
  }

  /** Called by the socket when TLS is there. Nobody checks the certificate: TLS is measured here. */
  handshaken(): void {
    this.#socket?.write(encodeStartup("postgres", "postgres"));
  }

  /** Called by the socket at its end. */
  gone(): void {
    this.#closed.resolve();
    if (!this.#closing) {
      this.onFailure?.(new Error(`the connection to port ${this.#port} was closed`));
    }
  }

  #beginTls(chunk: Buffer): void {
    const socket = this.#socket;
    if (socket === null || chunk.length !== 1 || chunk[0] !== SSL_WILLING) {
      this.onFailure?.(new Error(`port ${this.#port} does not speak TLS`));
      return;
    }
    this.#waitsForTls = false;
    socket.data.active = false;
    const [, secured] = socket.upgradeTLS<Holder>({
      data: { session: this, active: true },
      tls: { rejectUnauthorized: false },
      socket: HANDLERS,
    });
    this.#socket = secured;
  }
}
