/** The life of one API connection: a request within a time, its answer, the end. */

import { type Connection, isReset } from "../transport/mod.ts";
import { type ApiRequest, RequestReader } from "./request_reader.ts";
import { needsBody } from "./router.ts";

/**
 * Time for the peer to take the answer and to close. A connection that is closed at once while bytes
 * of a body nobody reads are under way would be reset, and the answer lost.
 */
const LINGER_MS = 5_000;

/** How a conversation ended. */
export interface ConversationEnd {
  readonly reason: string;
  /** Whether the peer did something else than to ask, or to go away. */
  readonly error: boolean;
}

const DONE: ConversationEnd = { reason: "the conversation is over", error: false };

/** What a conversation needs. */
export interface ApiConversationOptions {
  /** Gives the whole answer; never rejects. */
  answer(request: ApiRequest): Promise<string>;
  /** Time for the whole request, in ms. */
  readonly timeoutMs: number;
  /** Called once, when the connection is gone. */
  ended(end: ConversationEnd): void;
}

/** One request and its answer over a connection. */
export class ApiConversation {
  readonly #connection: Connection;
  readonly #options: ApiConversationOptions;
  readonly #reader = new RequestReader(needsBody);
  #state: "reading" | "answering" | "closing" | "closed" = "reading";
  #end = DONE;
  #timer: ReturnType<typeof setTimeout>;

  /** Takes over a connection whose handshake is over. */
  constructor(connection: Connection, options: ApiConversationOptions) {
    this.#connection = connection;
    this.#options = options;
    this.#timer = setTimeout(() => this.#refuse("the request was too slow"), options.timeoutMs);
    connection.start({
      data: (bytes) => this.#received(bytes),
      drained: () => {},
      ended: () => this.#peerEnded(),
      closed: (error) => this.#closed(error),
    });
  }

  /** Ends it unless there is something to be answered. */
  drain(): void {
    if (this.#state === "reading") {
      this.abort();
    }
  }

  /** Ends it at once. */
  abort(): void {
    this.#connection.abort();
  }

  #received(bytes: Uint8Array): void {
    if (this.#state !== "reading") {
      return;
    }
    const state = this.#reader.push(bytes);
    switch (state.kind) {
      case "incomplete":
        return;
      case "malformed":
        this.#refuse("the request is malformed");
        return;
      case "request":
        this.#state = "answering";
        clearTimeout(this.#timer);
        void this.#answer(state.request);
    }
  }

  #refuse(reason: string): void {
    this.#end = { reason, error: true };
    this.abort();
  }

  async #answer(request: ApiRequest): Promise<void> {
    const text = await this.#options.answer(request);
    if (this.#isClosed()) {
      return;
    }
    this.#state = "closing";
    this.#timer = setTimeout(() => this.abort(), LINGER_MS);
    this.#connection.write(new TextEncoder().encode(text));
    this.#connection.end();
  }

  #peerEnded(): void {
    if (this.#state === "reading") {
      this.abort();
    }
  }

  #isClosed(): boolean {
    return this.#state === "closed";
  }

  #closed(error: Error | null): void {
    this.#state = "closed";
    clearTimeout(this.#timer);
    if (error !== null) {
      const reason = `connection with the client failed: ${error.message}`;
      this.#end = { reason, error: !isReset(error) };
    }
    this.#options.ended(this.#end);
  }
}
