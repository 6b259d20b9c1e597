/**
 * A daemon in several threads, as one: the first thread serves, and leads the others, which begin and
 * end with it.
 */

import { type PortSharing, SharedPlaces } from "../../admission/mod.ts";
import type { SummingLogger } from "../../log/mod.ts";
import { Board } from "../../lookahead/mod.ts";
import type { MetricsSnapshot, ProgramMetrics } from "../../metrics/mod.ts";
import { countAbandonedDialsIn } from "../../transport/mod.ts";
import {
  type PreparedTasks,
  type SharedMemory,
  type Task,
  type Thread,
  WorkerPool,
} from "../../workers/mod.ts";

/** How the series of a command begin. */
const SERVICES = { server: "acraserver", connector: "acraconnector" } as const;

/** What a team needs beside the settings. */
export interface TeamOptions {
  readonly command: keyof typeof SERVICES;
  /** All threads, this one included. */
  readonly workers: number;
  readonly startThread: () => Thread;
  readonly metrics: ProgramMetrics | null;
  /** Takes the lines of the other threads too. */
  readonly log: SummingLogger;
}

/** What serves in this thread. */
interface Leader {
  close(): void;
  /** Resolves with the number of sessions that still run after the close timeout. */
  drain(): Promise<number>;
  stop(status: number): void;
}

/** The threads of a daemon. */
export class Team {
  /** Resolves with the exit status. */
  readonly finished: Promise<number>;
  /** What the program in this thread shares with the others. */
  readonly surroundings: {
    readonly places: SharedPlaces;
    readonly board: Board | null;
    readonly portSharing: PortSharing;
  };
  /** All threads, this one included. */
  readonly workers: number;
  readonly #finish: (status: number) => void;
  readonly #pool: WorkerPool;
  #leader: Leader | null = null;
  #closeTimeoutMs = 0;
  #draining = false;
  #stopped = false;

  constructor({ command, workers, startThread, metrics, log }: TeamOptions) {
    const { promise, resolve } = Promise.withResolvers<number>();
    this.finished = promise;
    this.#finish = resolve;
    this.workers = workers;
    const helped = command === "server" && workers > 1;
    const memory: SharedMemory = {
      places: SharedPlaces.allocate(workers),
      lookahead: Board.allocate(helped ? workers : 0),
    };
    const places = new SharedPlaces(memory.places, 0);
    const board = helped ? new Board(memory.lookahead, 0) : null;
    countAbandonedDialsIn(places.abandonedDials);
    this.surroundings = { places, board, portSharing: workers > 1 ? "first" : "none" };
    this.#pool = new WorkerPool({
      command,
      workers,
      startThread,
      memory,
      counted: metrics !== null,
      log,
      finished: (status) => this.stop(status),
      gone: (thread) => {
        places.release(thread);
        board?.release(thread);
      },
      countConnections: () => places.countConnections(),
    });
    metrics?.watchWorkers(SERVICES[command], this.#pool);
  }

  /** Sessions of all threads that are running or being set up, those of the HTTP API included. */
  get sessionCount(): number {
    const { places } = this.surroundings;
    return places.countTaken("connections") + places.countTaken("api");
  }

  /** What serves in this thread does so; the other threads begin, and join in when they are ready. */
  lead(leader: Leader, task: Task, closeTimeoutMs: number): void {
    this.#leader = leader;
    this.#closeTimeoutMs = closeTimeoutMs;
    this.#pool.start(task);
  }

  /**
   * Has the other threads prepare other settings.
   * @throws Error when one of them refuses; all of them go on with the old ones then.
   */
  async prepareOthers(task: Task, closeTimeoutMs: number): Promise<PreparedTasks> {
    const prepared = await this.#pool.prepare(task);
    return {
      cancel: () => prepared.cancel(),
      commit: async () => {
        this.#closeTimeoutMs = closeTimeoutMs;
        await prepared.commit();
      },
    };
  }

  /** Has the other threads forget their keys. */
  async resetOtherKeys(): Promise<void> {
    await this.#pool.resetKeys();
  }

  /** What the other threads have counted. */
  async readOtherMetrics(): Promise<readonly MetricsSnapshot[]> {
    return await this.#pool.readMetrics();
  }

  /** One line on what is missing, or `null`. */
  findObstacle(): Promise<string> | null {
    return this.#pool.complete ? null : Promise.resolve("not ready: a worker does not listen yet");
  }

  /**
   * Stops accepting, lets sessions end, cuts what is left after the close timeout; tells how many
   * there are, and how many are left.
   */
  async drain(
    tell: { waiting(count: number): void; over(cut: number): void } = SILENT,
  ): Promise<void> {
    if (this.#draining || this.#stopped || this.#leader === null) {
      return;
    }
    this.#draining = true;
    this.#leader.close();
    await this.#pool.close();
    tell.waiting(this.sessionCount);
    const [own, others] = await Promise.all([
      this.#leader.drain(),
      this.#pool.drain(this.#closeTimeoutMs),
    ]);
    tell.over(own + others);
    this.stop(own + others > 0 ? 1 : 0);
  }

  /** Cuts everything in all threads at once. */
  stop(status: number): void {
    if (this.#stopped) {
      return;
    }
    this.#stopped = true;
    this.#leader?.stop(status);
    void this.#pool.stop().then(() => this.#finish(status));
  }
}

const SILENT = { waiting: () => {}, over: () => {} };
