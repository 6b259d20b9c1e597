/**
 * All the programs as processes, with a relay in each leg:
 *
 *   client ⇄ app relay ⇄ connector ⇄ link relay ⇄ server ⇄ database relay ⇄ PostgreSQL
 *   client ⇄ app relay ⇄ raw server ⇄ database relay ⇄ PostgreSQL
 */

import {
  type AcraKeys,
  type AcraProcess,
  makeKeys,
  runAcra,
  startAcraConnector,
  startAcraServer,
} from "../harness/acra.ts";
import { type PostgresServer, startPostgres } from "../harness/postgres.ts";
import { MARKER, NOTE } from "./ledger.ts";
import { FaultRelay } from "./relay.ts";

/** How an application reaches the database. */
export type Path = "raw" | "connector";
export const PATHS: readonly Path[] = ["raw", "connector"];
/** A process of acra; the other connector is that of another client id. */
export type ProgramName = "raw server" | "server" | "connector" | "other connector";
/** A leg that has a relay in it. */
export type LegName = "app" | "link" | "database";

const OTHER_CLIENT = "other_client";

type Start = (preferredPort: number) => Promise<AcraProcess>;

export class Programs {
  readonly database: PostgresServer;
  readonly keys: AcraKeys;
  readonly #running = new Map<ProgramName, AcraProcess>();
  readonly #starts = new Map<ProgramName, Start>();
  readonly #relays = new Map<LegName | Path, FaultRelay>();

  private constructor(database: PostgresServer, keys: AcraKeys) {
    this.database = database;
    this.keys = keys;
  }

  static async start(): Promise<Programs> {
    const [database, keys] = await Promise.all([
      // What is acknowledged must outlive the crash of a backend.
      startPostgres({ settings: { synchronous_commit: "on" } }),
      makeKeys(),
    ]);
    const more = ["keys", "layout", "--keys_dir", keys.folder, "--client_id", OTHER_CLIENT];
    await runAcra(more, keys);
    const programs = new Programs(database, keys);
    await programs.#startAll();
    return programs;
  }

  get names(): readonly ProgramName[] {
    return [...this.#running.keys()];
  }

  get relays(): readonly FaultRelay[] {
    return [...this.#relays.values()];
  }

  program(name: ProgramName): AcraProcess {
    return found(this.#running.get(name), name);
  }

  /** The relay in a leg of a path. */
  relay(leg: LegName, path: Path): FaultRelay {
    return found(this.#relays.get(leg === "app" ? path : leg), leg);
  }

  /** Starts a program that was killed again, where it was. */
  async restart(name: ProgramName): Promise<void> {
    const old = this.program(name);
    await old.process.stop("SIGKILL");
    this.#running.set(name, await found(this.#starts.get(name), name)(old.port));
    if (this.program(name).port !== old.port) {
      throw new Error(`the port of the ${name} is not free any more`);
    }
  }

  async stop(): Promise<void> {
    for (const program of [...this.#running.values()].toReversed()) {
      await program.stop();
    }
    for (const relay of this.#relays.values()) {
      relay.stop();
    }
    await this.database.stop();
  }

  async #startAll(): Promise<void> {
    const { keys } = this;
    // The database may see the notes, the leg between connector and server nothing at all.
    const secrets = [MARKER, Buffer.from(MARKER).toString("hex")];
    const database = await this.#openRelay("database", this.database.port, secrets);
    const target = { host: "127.0.0.1", port: database.port };
    const raw = ["--acraconnector_transport_encryption_disable", `--client_id=${keys.clientId}`];
    const rawServer = await this.#launch("raw server", (preferredPort) =>
      startAcraServer(target, { keys, preferredPort, flags: raw }),
    );
    const server = await this.#launch("server", (preferredPort) =>
      startAcraServer(target, { keys, preferredPort }),
    );
    const link = await this.#openRelay("link", server.port, [...secrets, NOTE, "ledger"]);
    const connector = await this.#launch("connector", (preferredPort) =>
      startAcraConnector(link, { keys, preferredPort }),
    );
    await this.#launch("other connector", (preferredPort) =>
      startAcraConnector(server, { keys: { ...keys, clientId: OTHER_CLIENT }, preferredPort }),
    );
    await this.#openRelay("raw", rawServer.port, []);
    await this.#openRelay("connector", connector.port, []);
  }

  async #launch(name: ProgramName, start: Start): Promise<AcraProcess> {
    const program = await start(0);
    this.#starts.set(name, start);
    this.#running.set(name, program);
    return program;
  }

  async #openRelay(
    name: LegName | Path,
    port: number,
    needles: readonly string[],
  ): Promise<FaultRelay> {
    const relay = await FaultRelay.start(
      port,
      needles.map((needle) => Buffer.from(needle)),
    );
    this.#relays.set(name, relay);
    return relay;
  }
}

function found<Value>(value: Value | undefined, name: string): Value {
  if (value === undefined) {
    throw new TypeError(`no ${name}`);
  }
  return value;
}
