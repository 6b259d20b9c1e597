/**
 * A server in several threads, as one: the first thread serves, and leads the others. What the others
 * do is what it does, at about the same time.
 */

import { SharedPlaces } from "../../admission/mod.ts";
import { EVENT, type Logger } from "../../log/mod.ts";
import type { MetricsSnapshot, ServerMetrics } from "../../metrics/mod.ts";
import { type RunningServer, type ServerOptions, startServer } from "../../server/mod.ts";
import { countAbandonedDialsIn, type Endpoint, formatEndpoint } from "../../transport/mod.ts";
import { type SharedMemory, type Task, type Thread, WorkerPool } from "../../workers/mod.ts";
import type { ServerValues } from "../server_options.ts";
import { findReasonForOne } from "./worker_count.ts";

/** What a team needs beside the settings. */
export interface ServerTeamOptions {
  /** All threads, this one included. */
  readonly workers: number;
  readonly startThread: () => Thread;
  readonly metrics: ServerMetrics | null;
  /** Takes the lines of the other threads too. */
  readonly log: Logger;
}

/** A server of one or more threads. */
export class ServerTeam {
  /** Resolves with the exit status. */
  readonly finished: Promise<number>;
  readonly #finish: (status: number) => void;
  readonly #options: ServerTeamOptions;
  readonly #places: SharedPlaces;
  readonly #pool: WorkerPool;
  #server: RunningServer | null = null;
  #closeTimeoutMs = 0;
  #draining = false;
  #stopped = false;

  constructor(options: ServerTeamOptions) {
    const { promise, resolve } = Promise.withResolvers<number>();
    this.finished = promise;
    this.#finish = resolve;
    this.#options = options;
    const { workers, startThread, metrics, log } = options;
    const memory: SharedMemory = { places: SharedPlaces.allocate(workers) };
    this.#places = new SharedPlaces(memory.places, 0);
    countAbandonedDialsIn(this.#places.abandonedDials);
    this.#pool = new WorkerPool({
      command: "server",
      workers,
      startThread,
      memory,
      counted: metrics !== null,
      log,
      finished: (status) => this.stop(status),
      gone: (thread) => this.#places.release(thread),
      countConnections: () => this.#places.countConnections(),
    });
    metrics?.watchWorkers("acraserver", this.#pool);
  }

  /** Where it listens, as a connection string. */
  get address(): string {
    return this.#server?.address ?? "";
  }

  /** Where the HTTP API listens; `null` when it is closed. */
  get apiAddress(): string | null {
    return this.#server?.apiAddress ?? null;
  }

  /** Sessions of all threads that are running or being set up, those of the HTTP API included. */
  get sessionCount(): number {
    return this.#places.countTaken("connections") + this.#places.countTaken("api");
  }

  /**
   * Listens, and has the other threads begin; they join in when they are ready.
   * @throws Error when an address cannot be listened on.
   */
  async start(options: ServerOptions, values: ServerValues): Promise<void> {
    const { workers } = this.#options;
    const portSharing = workers > 1 ? "first" : "none";
    const server = await startServer(options, { places: this.#places, portSharing });
    this.#server = server;
    this.#closeTimeoutMs = options.closeTimeoutMs;
    void server.finished.then((status) => this.stop(status));
    this.#pool.start({ values, listen: server.address });
  }

  /**
   * Lets other settings hold in all threads.
   * @throws Error when one of them refuses; the old settings hold in all of them then.
   */
  async reconfigure(options: ServerOptions, values: ServerValues): Promise<void> {
    const own = await this.#server?.prepare(options);
    if (own === undefined) {
      throw new TypeError("The server was not started");
    }
    const others = await this.#pool
      .prepare(this.#taskFor(own.endpoint, values))
      .catch(async (error: unknown) => {
        await own.cancel();
        throw error;
      });
    own.commit();
    this.#closeTimeoutMs = options.closeTimeoutMs;
    await others.commit();
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

  /** Stops accepting, lets sessions end, cuts what is left after the close timeout. */
  async drain(): Promise<void> {
    if (this.#draining || this.#stopped || this.#server === null) {
      return;
    }
    this.#draining = true;
    const { log } = this.#options;
    this.#server.close();
    await this.#pool.close();
    log.info(`Waiting for ${this.sessionCount} connections to complete`);
    const [own, others] = await Promise.all([
      this.#server.drain(),
      this.#pool.drain(this.#closeTimeoutMs),
    ]);
    const cut = own + others;
    if (cut > 0) {
      log.warning(`Server shutdown Timeout: ${cut} active connections will be cut`);
    } else {
      log.info(`Server graceful shutdown completed, bye PID: ${process.pid}`);
    }
    this.stop(cut > 0 ? 1 : 0);
  }

  /** Cuts everything in all threads at once. */
  stop(status: number): void {
    if (this.#stopped) {
      return;
    }
    this.#stopped = true;
    this.#server?.stop(status);
    void this.#pool.stop().then(() => this.#finish(status));
  }

  #taskFor(endpoint: Endpoint | null, values: ServerValues): Task {
    const reason = endpoint === null ? null : findReasonForOne(endpoint);
    if (this.#options.workers > 1 && reason !== null) {
      this.#options.log.warning(`One worker serves all new connections: ${reason}`, {
        code: EVENT.wrongConfiguration,
      });
    }
    return {
      values,
      listen: endpoint === null || reason !== null ? null : formatEndpoint(endpoint),
    };
  }
}
