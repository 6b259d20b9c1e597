/**
 * A database session that costs next to nothing: it sends bytes that were made before and compares
 * what comes with the answer that must come, byte for byte. Logs in without a password.
 */

import type { Socket } from "bun";
import { READY_IDLE, startupMessage } from "../harness/pg_peers.ts";

/** A request and the one right answer to it. */
export interface Exchange {
  readonly name: string;
  readonly request: Buffer;
  readonly answer: Buffer;
  /** Messages of the request and of the answer. */
  readonly messages: number;
}

const STARTUP = startupMessage({ user: "postgres", database: "postgres" });
/** An answer that takes longer than this is a failure. */
const ANSWER_TIMEOUT_MS = 60_000;

interface Waiting {
  /** `null` while logging in: everything up to the first ReadyForQuery. */
  readonly answer: Buffer | null;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
  readonly timer: ReturnType<typeof setTimeout>;
}

export class LeanSession {
  readonly #socket: Socket<Holder>;
  #waiting: Waiting | null = null;
  #have = 0;
  #tail: Buffer = Buffer.alloc(0);
  #closed = Promise.withResolvers<void>();

  private constructor(socket: Socket<Holder>) {
    this.#socket = socket;
    socket.data.session = this;
  }

  /** Connects and logs in. */
  static async open(port: number): Promise<LeanSession> {
    const socket = await Bun.connect<Holder>({
      hostname: "127.0.0.1",
      port,
      data: { session: null },
      socket: {
        data: ({ data }, chunk) => data.session?.received(chunk),
        close: ({ data }) => data.session?.gone(),
      },
    });
    socket.setNoDelay(true);
    const session = new LeanSession(socket);
    await session.#send(STARTUP, null);
    return session;
  }

  /** Sends a request; resolves when the right answer is there, throws at any other byte. */
  async run(exchange: Exchange): Promise<void> {
    try {
      await this.#send(exchange.request, exchange.answer);
    } catch (error) {
      throw new Error(`${exchange.name}: ${error instanceof Error ? error.message : error}`);
    }
  }

  /** Hangs up in order: Terminate and end of file, then the peer's end of file. */
  async close(): Promise<void> {
    this.#socket.write(TERMINATE);
    this.#socket.end();
    await this.#closed.promise;
  }

  /** Hangs up without a word, with a reset. */
  async reset(): Promise<void> {
    this.#socket.terminate();
    await this.#closed.promise;
  }

  received(chunk: Buffer): void {
    const { answer } = this.#waiting ?? {};
    if (answer === undefined) {
      this.#fail("bytes came that nobody asked for");
    } else if (answer === null) {
      this.#tail = Buffer.concat([this.#tail, chunk]);
      if (this.#tail.subarray(-READY_IDLE.length).equals(READY_IDLE)) {
        this.#tail = Buffer.alloc(0);
        this.#done();
      }
    } else {
      this.#compare(answer, chunk);
    }
  }

  gone(): void {
    this.#fail("the connection was closed");
    this.#closed.resolve();
  }

  #compare(answer: Buffer, chunk: Buffer): void {
    const expected = answer.subarray(this.#have, this.#have + chunk.length);
    this.#have += chunk.length;
    if (!expected.equals(chunk)) {
      this.#fail(`wrong bytes at ${this.#have - chunk.length}: ${chunk.toString("latin1")}`);
    } else if (this.#have === answer.length) {
      this.#done();
    }
  }

  async #send(request: Buffer, answer: Buffer | null): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const timer = setTimeout(() => this.#fail("no answer in time"), ANSWER_TIMEOUT_MS);
    this.#have = 0;
    this.#waiting = { answer, resolve, reject, timer };
    if (this.#socket.write(request) !== request.length) {
      this.#fail("a short request was not taken at once");
    }
    await promise;
  }

  #done(): void {
    const waiting = this.#waiting;
    this.#waiting = null;
    clearTimeout(waiting?.timer);
    waiting?.resolve();
  }

  #fail(reason: string): void {
    const waiting = this.#waiting;
    this.#waiting = null;
    clearTimeout(waiting?.timer);
    waiting?.reject(new Error(reason));
  }
}

/** Lets the events of a socket find their session. */
interface Holder {
  session: LeanSession | null;
}

const TERMINATE = Buffer.from([0x58, 0, 0, 0, 4]);
