/** The server in several threads, as one: whatever holds for the first holds for all of them. */

import type { SummingLogger } from "../../log/mod.ts";
import type { MetricsSnapshot } from "../../metrics/mod.ts";
import { type RunningServer, type ServerOptions, startServer } from "../../server/mod.ts";
import { type Endpoint, formatEndpoint } from "../../transport/mod.ts";
import type { Task } from "../../workers/mod.ts";
import type { ServerValues } from "../server_options.ts";
import { Team, type TeamOptions } from "./team.ts";
import { findReasonForOne } from "./worker_count.ts";

/** A server of one or more threads. */
export class ServerTeam {
  /** Resolves with the exit status. */
  readonly finished: Promise<number>;
  readonly #team: Team;
  readonly #log: SummingLogger;
  #server: RunningServer | null = null;

  constructor(options: Omit<TeamOptions, "command">) {
    this.#team = new Team({ ...options, command: "server" });
    this.#log = options.log;
    this.finished = this.#team.finished;
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
    return this.#team.sessionCount;
  }

  /**
   * Listens, and has the other threads begin; they join in when they are ready.
   * @throws Error when an address cannot be listened on.
   */
  async start(options: ServerOptions, values: ServerValues): Promise<void> {
    const server = await startServer(options, this.#team.surroundings);
    this.#server = server;
    void server.finished.then((status) => this.stop(status));
    this.#team.lead(server, { values, listen: server.address }, options.closeTimeoutMs);
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
    const others = await this.#team
      .prepareOthers(this.#taskFor(own.endpoint, values), options.closeTimeoutMs)
      .catch(async (error: unknown) => {
        await own.cancel();
        throw error;
      });
    own.commit();
    await others.commit();
  }

  /** Has the other threads forget their keys. */
  async resetOtherKeys(): Promise<void> {
    await this.#team.resetOtherKeys();
  }

  /** What the other threads have counted. */
  async readOtherMetrics(): Promise<readonly MetricsSnapshot[]> {
    return await this.#team.readOtherMetrics();
  }

  /** One line on what is missing, or `null`. */
  findObstacle(): Promise<string> | null {
    return this.#team.findObstacle();
  }

  /** Stops accepting, lets sessions end, cuts what is left after the close timeout. */
  async drain(): Promise<void> {
    const log = this.#log;
    await this.#team.drain({
      waiting: (count) => log.info(`Waiting for ${count} connections to complete`),
      over: (cut) =>
        cut > 0
          ? log.warning(`Server shutdown Timeout: ${cut} active connections will be cut`)
          : log.info(`Server graceful shutdown completed, bye PID: ${process.pid}`),
    });
  }

  /** Cuts everything in all threads at once. */
  stop(status: number): void {
    this.#team.stop(status);
  }

  #taskFor(endpoint: Endpoint | null, values: ServerValues): Task {
    if (endpoint === null) {
      return { values, listen: null };
    }
    const reason = findReasonForOne(endpoint);
    if (this.#team.workers > 1 && reason !== null) {
      this.#log.warning(`One worker serves all new connections: ${reason}`);
    }
    return { values, listen: reason === null ? formatEndpoint(endpoint) : null };
  }
}
