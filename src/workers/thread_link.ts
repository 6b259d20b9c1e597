/** The supervisor's end of one thread: questions that are answered, and what the thread says by itself. */

import {
  type Answer,
  type LogRecord,
  parseFromThread,
  type Question,
  type ToThread,
} from "./messages.ts";

/** The part of a worker of the runtime that is used. */
export interface Thread {
  postMessage(message: ToThread): void;
  addEventListener(kind: "message", listener: (event: { readonly data: unknown }) => void): void;
  addEventListener(kind: "error", listener: (event: { readonly message: string }) => void): void;
  addEventListener(kind: "close", listener: () => void): void;
  terminate(): void;
}

/** What a thread says by itself. */
export interface ThreadListener {
  logged(record: LogRecord): void;
  /** It ended all sessions, and the program has to end with this status. */
  finished(status: number): void;
  /** It is gone, for this reason; called once. */
  gone(reason: string): void;
}

/** The thread is gone, so nobody answers. */
export class ThreadGoneError extends Error {
  override readonly name = "ThreadGoneError";
}

/** The thread is there, and did not answer in time. */
export class ThreadSilentError extends Error {
  override readonly name = "ThreadSilentError";
}

interface Asked {
  resolve(answer: Answer): void;
  reject(error: Error): void;
}

/** Asks a thread and hears it. */
export class ThreadLink {
  readonly #thread: Thread;
  readonly #listener: ThreadListener;
  readonly #asked = new Map<number, Asked>();
  #lastId = 0;
  #gone = false;
  #reason = "it ended by itself";

  constructor(thread: Thread, listener: ThreadListener) {
    this.#thread = thread;
    this.#listener = listener;
    thread.addEventListener("message", ({ data }) => this.#heard(data));
    thread.addEventListener("error", ({ message }) => {
      this.#reason = message;
    });
    thread.addEventListener("close", () => this.#end(this.#reason));
  }

  /**
   * Resolves with the answer.
   * @throws ThreadGoneError, ThreadSilentError, or Error with what the thread says went wrong.
   */
  async ask(question: Question, timeoutMs: number): Promise<Answer> {
    if (this.#gone) {
      throw new ThreadGoneError("the worker is gone");
    }
    const id = ++this.#lastId;
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    this.#asked.set(id, { resolve, reject });
    const timer = setTimeout(
      () => reject(new ThreadSilentError(`a worker did not answer within ${timeoutMs} ms`)),
      timeoutMs,
    );
    this.#thread.postMessage({ id, question });
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#asked.delete(id);
    }
  }

  /** Ends the thread and all that it has open. */
  end(reason: string): void {
    this.#thread.terminate();
    this.#end(reason);
  }

  #heard(data: unknown): void {
    if (this.#gone) {
      return;
    }
    const message = parseFromThread(data);
    switch (message.kind) {
      case "answer":
        this.#asked.get(message.id)?.resolve(message.answer);
        break;
      case "failure":
        this.#asked.get(message.id)?.reject(new Error(message.error));
        break;
      case "log":
        this.#listener.logged(message);
        break;
      case "finished":
        this.#listener.finished(message.status);
        break;
    }
  }

  #end(reason: string): void {
    if (this.#gone) {
      return;
    }
    this.#gone = true;
    for (const { reject } of this.#asked.values()) {
      reject(new ThreadGoneError("the worker is gone"));
    }
    this.#listener.gone(reason);
  }
}
