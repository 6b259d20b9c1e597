/** A server of several workers in front of a real database, and what can be seen of its workers. */

import {
  type AcraKeys,
  type AcraProcess,
  CLIENT_ID,
  makeKeys,
  startAcraConnector,
  startAcraServer,
  startDaemon,
  untilReady,
} from "./acra.ts";
import { message, RawClient, startupMessage } from "./pg_peers.ts";
import { findFreePort } from "./ports.ts";
import { type PostgresServer, startPostgres } from "./postgres.ts";

/** So many sessions that all of them are in one of two workers once in 500 000 runs. */
export const MANY_SESSIONS = 20;

const RAW = ["--acraconnector_transport_encryption_disable", `--client_id=${CLIENT_ID}`];

/** How to start a server. */
export interface WorkerOptions {
  readonly command?: readonly string[];
  readonly env?: Record<string, string>;
  /** Flags that say where it listens; nobody waits for its port then, but for its metrics. */
  readonly listen?: string;
}

/** A server all of whose workers listen. */
export interface WorkerServer {
  readonly server: AcraProcess;
  readonly metricsPort: number;
}

/** Keys, a database, servers and sessions: all of it ends with the rig. */
export class WorkerRig {
  readonly keys: AcraKeys;
  readonly database: PostgresServer;
  readonly #started: AcraProcess[] = [];
  readonly #clients: RawClient[] = [];

  private constructor(keys: AcraKeys, database: PostgresServer) {
    this.keys = keys;
    this.database = database;
  }

  static async open(): Promise<WorkerRig> {
    return new WorkerRig(...(await Promise.all([makeKeys(), startPostgres({ login: "trust" })])));
  }

  /** Flags for any server in front of the database. */
  get flags(): readonly string[] {
    const { host, port } = this.database;
    return [
      `--db_host=${host}`,
      `--db_port=${port}`,
      `--keys_dir=${this.keys.serverFolder}`,
      ...RAW,
    ];
  }

  /** A server of two workers, unless the flags say otherwise. */
  async start(flags: readonly string[] = [], options: WorkerOptions = {}): Promise<WorkerServer> {
    const { keys } = this;
    const metricsPort = await findFreePort();
    const common = [
      "--workers=2",
      `--prometheus_metrics_address=tcp://127.0.0.1:${metricsPort}/`,
      ...flags,
    ];
    const server =
      options.listen === undefined
        ? await startAcraServer(this.database, { keys, ...options, flags: [...RAW, ...common] })
        : await startDaemon(metricsPort, { keys, ...options }, [
            "server",
            ...this.flags,
            options.listen,
            ...common,
          ]);
    this.#started.push(server);
    await untilReady(metricsPort);
    return { server, metricsPort };
  }

  /** A connector of several workers in front of a server. */
  async startConnector(server: AcraProcess, flags: readonly string[]): Promise<WorkerServer> {
    const metricsPort = await findFreePort();
    const metrics = `--prometheus_metrics_address=tcp://127.0.0.1:${metricsPort}/`;
    const connector = await startAcraConnector(server, {
      keys: this.keys,
      flags: [metrics, ...flags],
    });
    this.#started.push(connector);
    await untilReady(metricsPort);
    return { server: connector, metricsPort };
  }

  /** A server for connectors. */
  async startForConnectors(): Promise<AcraProcess> {
    const server = await startAcraServer(this.database, { keys: this.keys });
    this.#started.push(server);
    return server;
  }

  /** Logs in; throws when it is not let in. */
  async logIn(port: number): Promise<RawClient> {
    const client = await RawClient.connect(port);
    this.#clients.push(client);
    const { user, database } = this.database;
    client.send(startupMessage({ user, database }));
    await client.until("Z");
    return client;
  }

  /** The same, with `null` for who is not let in. */
  async tryToLogIn(port: number): Promise<RawClient | null> {
    return await this.logIn(port).catch(() => null);
  }

  async logInMany(port: number, count = MANY_SESSIONS): Promise<readonly RawClient[]> {
    return await Promise.all(Array.from({ length: count }, () => this.logIn(port)));
  }

  /** Those of so many who are let in. */
  async tryMany(port: number, count = MANY_SESSIONS): Promise<readonly RawClient[]> {
    const all = await Promise.all(Array.from({ length: count }, () => this.tryToLogIn(port)));
    return all.filter((client) => client !== null);
  }

  /** Ends servers and sessions. */
  async clear(): Promise<void> {
    for (const client of this.#clients.splice(0)) {
      client.close();
    }
    await Promise.all(this.#started.splice(0).map((server) => server.stop()));
  }

  async close(): Promise<void> {
    await this.clear();
    await this.database.stop();
  }
}

/** The value of a series. */
export async function readSeries(metricsPort: number, series: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
  const line = text.split("\n").find((candidate) => candidate.startsWith(`${series} `));
  return Number(line?.slice(series.length + 1) ?? Number.NaN);
}

/** Sessions of one worker. */
export async function readConnections(
  metricsPort: number,
  worker: number,
  service: "acraserver" | "acraconnector" = "acraserver",
): Promise<number> {
  return await readSeries(metricsPort, `${service}_worker_connections{worker="${worker}"}`);
}

/** Waits until something holds, and throws when it takes too long. */
export async function untilTrue(condition: () => Promise<boolean> | boolean): Promise<void> {
  const end = Date.now() + 20_000;
  while (!(await condition())) {
    if (Date.now() > end) {
      throw new Error("it does not become true");
    }
    await Bun.sleep(20);
  }
}

/** Those of some sessions that do not answer any more. */
export async function findCut(clients: readonly RawClient[]): Promise<readonly RawClient[]> {
  const answered = await Promise.all(
    clients.map(async (client) => {
      client.send(SELECT_1);
      return await client.until("Z").then(
        () => true,
        () => false,
      );
    }),
  );
  return clients.filter((_, index) => answered[index] === false);
}

const SELECT_1 = message("Q", "SELECT 1\0");
