/**
 * The threads beside the first one: started, asked all together, and replaced when one ends. Whatever
 * happens to a thread, the others and the supervisor go on.
 */

import { EVENT, type Logger } from "../log/mod.ts";
import { type MetricsSnapshot, parseSnapshot, sumGone, type WorkerCounts } from "../metrics/mod.ts";
import type { Question, SharedMemory, Task } from "./messages.ts";
import { RestartPace } from "./restart_pace.ts";
import { type Thread, ThreadGoneError, ThreadLink } from "./thread_link.ts";

/** Time for a thread to begin, to take other settings, to forget keys, in ms. */
const ANSWER_MS = 10_000;
/** Time for a thread to tell its numbers, in ms. */
const SCRAPE_MS = 1_000;
/** Time for a thread to stop accepting, or to cut its sessions, in ms. */
const STOP_MS = 1_000;
/** What a thread may take longer than the close timeout to say that it drained, in ms. */
const DRAIN_MARGIN_MS = 2_000;

/** What a pool needs. */
export interface WorkerPoolOptions {
  /** As typed after `acra`. */
  readonly command: string;
  /** All workers, the supervisor included. */
  readonly workers: number;
  readonly startThread: () => Thread;
  readonly memory: SharedMemory;
  /** Whether the threads count. */
  readonly counted: boolean;
  /** Takes the lines of the threads too. */
  readonly log: Logger;
  /** A thread ended all its sessions by itself, and all others have to end now. */
  readonly finished: (status: number) => void;
  /** A thread is gone: what it held is given back. */
  readonly gone: (thread: number) => void;
  /** What each thread serves now, the supervisor's number first. */
  readonly countConnections: () => readonly number[];
}

/** One place for a thread. */
interface Slot {
  readonly thread: number;
  /** `null` between an end and the next start. */
  link: ThreadLink | null;
  ready: boolean;
  /** What it had counted when it was last asked. */
  counted: MetricsSnapshot | null;
  readonly pace: RestartPace;
}

/** Other settings that all threads are ready for. */
export interface PreparedTasks {
  commit(): Promise<void>;
  cancel(): Promise<void>;
}

/** Holds threads 1, 2, … of a program. */
export class WorkerPool implements WorkerCounts {
  readonly #options: WorkerPoolOptions;
  readonly #slots: readonly Slot[];
  #task: Task | null = null;
  #stopping = false;
  #restarts = 0;
  #missedScrapes = 0;
  /** The totals of threads that are gone: none yet, or their sum. */
  #past: Promise<readonly MetricsSnapshot[]> = Promise.resolve([]);

  constructor(options: WorkerPoolOptions) {
    this.#options = options;
    this.#slots = Array.from({ length: options.workers - 1 }, (_, index) => {
      const pace = new RestartPace();
      return { thread: index + 1, link: null, ready: false, counted: null, pace };
    });
  }

  /** Threads that serve, the supervisor included. */
  get running(): number {
    return 1 + this.#slots.filter(({ ready }) => ready).length;
  }

  get restarts(): number {
    return this.#restarts;
  }

  get missedScrapes(): number {
    return this.#missedScrapes;
  }

  get connections(): readonly number[] {
    return this.#options.countConnections();
  }

  /** Whether all threads serve. */
  get complete(): boolean {
    return this.running === this.#options.workers;
  }

  /** Begins all threads; does not wait for them. */
  start(task: Task): void {
    this.#task = task;
    for (const slot of this.#slots) {
      this.#begin(slot, task);
    }
  }

  /**
   * Has all threads prepare other settings.
   * @throws Error what one of them says; all go on with the old ones then.
   */
  async prepare(task: Task): Promise<PreparedTasks> {
    const links = this.#links();
    const results = await Promise.allSettled(links.map((link) => this.#askToPrepare(link, task)));
    const cancel = async (): Promise<void> => {
      await Promise.allSettled(links.map((link) => link.ask({ kind: "cancel" }, ANSWER_MS)));
    };
    const failed = results.find((result) => result.status === "rejected");
    if (failed !== undefined) {
      await cancel();
      throw failed.reason;
    }
    const commit = async (): Promise<void> => {
      this.#task = task;
      await this.#askAll(links, { kind: "commit" });
      await this.#catchUp(links, task);
    };
    return { commit, cancel };
  }

  /** Has all threads forget their keys. */
  async resetKeys(): Promise<void> {
    await this.#askAll(this.#links(), { kind: "reset-keys" });
  }

  /** Has all threads stop accepting, so that nobody comes in while sessions end; starts no further ones. */
  async close(): Promise<void> {
    this.#stopping = true;
    await Promise.allSettled(this.#links().map((link) => link.ask({ kind: "close" }, STOP_MS)));
  }

  /** Resolves with the number of sessions that still run after the close timeout. */
  async drain(closeTimeoutMs: number): Promise<number> {
    const limit = closeTimeoutMs + DRAIN_MARGIN_MS;
    const left = await Promise.all(
      this.#links().map((link) =>
        link.ask({ kind: "drain" }, limit).then(
          (answer) => Number(answer),
          // It is gone or hangs: whatever it had was cut, or is going to be.
          () => 1,
        ),
      ),
    );
    return left.reduce((sum, count) => sum + count, 0);
  }

  /** Has all threads cut their sessions; ends those that do not. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await Promise.all(
      this.#links().map((link) =>
        link.ask({ kind: "stop" }, STOP_MS).catch(() => link.end("it did not stop")),
      ),
    );
  }

  /** What the threads have counted, those that are gone included. A silent one stands as it was. */
  async readMetrics(): Promise<readonly MetricsSnapshot[]> {
    await Promise.all(this.#slots.map((slot) => this.#readMetricsOf(slot)));
    const past = await this.#past;
    return [...past, ...this.#slots.map(({ counted }) => counted)].filter((part) => part !== null);
  }

  async #readMetricsOf(slot: Slot): Promise<void> {
    const { link, ready } = slot;
    if (link === null || !ready) {
      return;
    }
    try {
      const answer = await link.ask({ kind: "read-metrics" }, SCRAPE_MS);
      if (slot.link === link && typeof answer === "string") {
        slot.counted = parseSnapshot(answer);
      }
    } catch {
      this.#missedScrapes++;
    }
  }

  #links(): readonly ThreadLink[] {
    return this.#slots.map(({ link }) => link).filter((link) => link !== null);
  }

  /** A thread that is gone needs no other settings: the next one begins with them. */
  async #askToPrepare(link: ThreadLink, { values, listen }: Task): Promise<void> {
    try {
      await link.ask({ kind: "prepare", values, listen }, ANSWER_MS);
    } catch (error) {
      if (!(error instanceof ThreadGoneError)) {
        throw error;
      }
    }
  }

  /** A thread that does not do what all others do is ended, so that another one takes its place. */
  async #askAll(links: readonly ThreadLink[], question: Question): Promise<void> {
    await Promise.all(
      links.map((link) =>
        link.ask(question, ANSWER_MS).catch((error: unknown) => link.end(textOf(error))),
      ),
    );
  }

  /** Threads that began while the others prepared began with the old settings. */
  async #catchUp(known: readonly ThreadLink[], task: Task): Promise<void> {
    const late = this.#links().filter((link) => !known.includes(link));
    await this.#askAll(late, { kind: "prepare", ...task });
    await this.#askAll(late, { kind: "commit" });
  }

  #begin(slot: Slot, task: Task): void {
    const { command, workers, counted, memory, startThread, log } = this.#options;
    const { thread } = slot;
    const link = new ThreadLink(startThread(), {
      logged: ({ level, message, fields }) => log[level](message, fields),
      finished: (status) => this.#options.finished(status),
      gone: (reason) => this.#ended(slot, reason),
    });
    slot.link = link;
    const question = { kind: "start", ...task, command, workers, thread, counted, memory } as const;
    link.ask(question, ANSWER_MS).then(
      () => {
        slot.ready = slot.link === link;
      },
      (error: unknown) => link.end(textOf(error)),
    );
  }

  #ended(slot: Slot, reason: string): void {
    const { log, gone } = this.#options;
    slot.link = null;
    slot.ready = false;
    gone(slot.thread);
    this.#keepTotals(slot);
    const about = { code: EVENT.general, worker: slot.thread, error: reason };
    if (this.#stopping) {
      log.error("A worker ended before its time at a stop", about);
      return;
    }
    log.error("A worker ended, another one takes its place", about);
    setTimeout(() => this.#replace(slot), slot.pace.next(performance.now()));
  }

  #replace(slot: Slot): void {
    if (this.#stopping || this.#task === null) {
      return;
    }
    this.#restarts++;
    this.#begin(slot, this.#task);
  }

  /** Totals must not become smaller: those of the thread are kept as they were when last asked for. */
  #keepTotals(slot: Slot): void {
    const { counted } = slot;
    slot.counted = null;
    if (counted === null) {
      return;
    }
    this.#past = this.#past.then(async (past) => [await sumGone([...past, counted])]);
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
