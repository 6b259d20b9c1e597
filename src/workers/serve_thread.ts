/** A thread's own end: hears the supervisor's questions and lets its program answer them. */

import type { MetricsSnapshot } from "../metrics/mod.ts";
import {
  type Answer,
  type FromThread,
  parseToThread,
  type Question,
  type StartQuestion,
  type Task,
} from "./messages.ts";

/** Settings that are prepared. */
export interface PreparedTask {
  commit(): void;
  cancel(): Promise<void>;
}

/** What runs in a thread. */
export interface ThreadProgram {
  /** Resolves with the status when all sessions were ended, by a poison record or by `stop`. */
  readonly finished: Promise<number>;
  /** @throws Error that says what is wrong with the settings. */
  prepare(task: Task): Promise<PreparedTask>;
  resetKeys(): void;
  /** Stops accepting. */
  close(): void;
  /** Resolves with the number of sessions that still run after the close timeout. */
  drain(): Promise<number>;
  stop(): void;
  /** `null` when nothing is counted. */
  readMetrics(): Promise<MetricsSnapshot | null>;
}

/** Where questions come from and answers go. */
export interface ThreadPort {
  send(message: FromThread): void;
  receive(listener: (data: unknown) => void): void;
}

/** Answers questions for as long as the thread lives; `start` is called for the first one. */
export function serveThread(
  port: ThreadPort,
  start: (question: StartQuestion) => Promise<ThreadProgram>,
): void {
  const respondent = new Respondent(start, (status) => port.send({ kind: "finished", status }));
  port.receive((data) => {
    const { id, question } = parseToThread(data);
    respondent.answer(question).then(
      (answer) => port.send({ kind: "answer", id, answer }),
      (error: unknown) =>
        port.send({
          kind: "failure",
          id,
          error: error instanceof Error ? error.message : String(error),
        }),
    );
  });
}

class Respondent {
  readonly #start: (question: StartQuestion) => Promise<ThreadProgram>;
  readonly #finished: (status: number) => void;
  #program: Promise<ThreadProgram> = Promise.reject(new TypeError("The thread was not started"));
  #prepared: PreparedTask | null = null;

  constructor(
    start: (question: StartQuestion) => Promise<ThreadProgram>,
    finished: (status: number) => void,
  ) {
    this.#start = start;
    this.#finished = finished;
    this.#program.catch(() => {});
  }

  async answer(question: Question): Promise<Answer> {
    if (question.kind === "start") {
      this.#program = this.#start(question);
      void (await this.#program).finished.then(this.#finished);
      return null;
    }
    return await this.#ask(await this.#program, question);
  }

  async #ask(program: ThreadProgram, question: Exclude<Question, StartQuestion>): Promise<Answer> {
    switch (question.kind) {
      case "prepare":
        this.#prepared = await program.prepare(question);
        return null;
      case "commit":
        this.#prepared?.commit();
        return null;
      case "cancel":
        await this.#prepared?.cancel();
        return null;
      case "reset-keys":
        program.resetKeys();
        return null;
      case "close":
        program.close();
        return null;
      case "drain":
        return await program.drain();
      case "stop":
        program.stop();
        await program.finished;
        return null;
      case "read-metrics": {
        const snapshot = await program.readMetrics();
        return snapshot === null ? null : JSON.stringify(snapshot);
      }
    }
  }
}
