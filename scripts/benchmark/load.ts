/** A load: some sessions, each with one query under way. */

import { type Address, Session } from "./session.ts";

/** What was done in a span of time. */
export interface LoadResult {
  readonly transactions: number;
  readonly rows: number;
  readonly seconds: number;
}

/** Some logged-in sessions that wait for work. */
export class LoadClient {
  readonly #sessions: Session[] = [];
  #queries: readonly Uint8Array[] = [];
  #next = 0;
  #running = false;
  #underWay = 0;
  #transactions = 0;
  #idle: (() => void) | null = null;

  /** Connects and logs in. */
  static async connect(address: Address, connections: number): Promise<LoadClient> {
    const client = new LoadClient();
    for (let count = 0; count < connections; count++) {
      client.#sessions.push(await Session.open(address));
    }
    return client;
  }

  /** Sends the queries round and round on all connections for a while. */
  async run(queries: readonly Uint8Array[], seconds: number): Promise<LoadResult> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#queries = queries;
    this.#transactions = 0;
    this.#underWay = 0;
    this.#idle = resolve;
    const rowsBefore = this.#rows();
    const started = performance.now();
    this.#running = true;
    for (const session of this.#sessions) {
      session.onAnswer = () => this.#answered(session);
      session.onFailure = reject;
      this.#send(session);
    }
    const timer = setTimeout(() => {
      this.#running = false;
    }, seconds * 1000);
    try {
      await promise;
    } finally {
      clearTimeout(timer);
    }
    return {
      transactions: this.#transactions,
      rows: this.#rows() - rowsBefore,
      seconds: (performance.now() - started) / 1000,
    };
  }

  close(): void {
    for (const session of this.#sessions) {
      session.close();
    }
  }

  #rows(): number {
    return this.#sessions.reduce((sum, session) => sum + session.rows, 0);
  }

  #send(session: Session): void {
    const query = this.#queries[this.#next++ % this.#queries.length];
    if (query === undefined) {
      throw new TypeError("A load needs a query");
    }
    this.#underWay++;
    session.send(query);
  }

  #answered(session: Session): void {
    this.#underWay--;
    this.#transactions++;
    if (this.#running) {
      this.#send(session);
    } else if (this.#underWay === 0) {
      this.#idle?.();
    }
  }
}
