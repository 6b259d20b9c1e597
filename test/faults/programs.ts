/**
 * All the programs as processes, with a relay in each leg:
 *
 *   client ⇄ app relay ⇄ connector ⇄ link relay ⇄ server ⇄ database relay ⇄ PostgreSQL
 *   client ⇄ app relay ⇄ raw server ⇄ database relay ⇄ PostgreSQL
 */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  type AcraKeys,
  type AcraProcess,
  makeKeys,
  runAcra,
  startAcraConnector,
  startAcraServer,
} from "../harness/acra.ts";
import {
  type CertificateFiles,
  TestAuthority,
  type TestCertificate,
  writeCertificate,
} from "../harness/certificates.ts";
import { type PostgresServer, startPostgres } from "../harness/postgres.ts";
import { makeTemporaryFolder } from "../harness/reaper.ts";
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

interface TlsFiles extends CertificateFiles {
  readonly ca: string;
}

type Start = (preferredPort: number) => Promise<AcraProcess>;

export class Programs {
  readonly database: PostgresServer;
  readonly keys: AcraKeys;
  readonly #running = new Map<ProgramName, AcraProcess>();
  readonly #starts = new Map<ProgramName, Start>();
  readonly #relays = new Map<LegName | Path, FaultRelay>();

  /** Names of files, when TLS is spoken in every leg that can speak it. */
  readonly #files: TlsFiles | null;

  private constructor(database: PostgresServer, keys: AcraKeys, files: TlsFiles | null) {
    this.database = database;
    this.keys = keys;
    this.#files = files;
  }

  static async start(tls: boolean): Promise<Programs> {
    const authority = await TestAuthority.create();
    const certificate = tls ? await authority.issue({ name: "CN=all" }) : null;
    const files = certificate === null ? null : layFiles(authority.cert, certificate);
    const [database, keys] = await Promise.all([
      // What is acknowledged must outlive the crash of a backend.
      startPostgres({
        settings: { synchronous_commit: "on" },
        ...(certificate === null ? {} : { tls: { ...certificate, ca: authority.cert } }),
      }),
      makeKeys(),
    ]);
    const more = ["keys", "layout", "--keys_dir", keys.folder, "--client_id", OTHER_CLIENT];
    await runAcra(more, keys);
    const programs = new Programs(database, keys, files);
    await programs.#startAll();
    return programs;
  }

  /** Whether TLS is spoken in place of Secure Session and of nothing. */
  get tls(): boolean {
    return this.#files !== null;
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
    // The database may see the notes, a leg that is encrypted nothing at all.
    const secrets = [MARKER, Buffer.from(MARKER).toString("hex")];
    const everything = [...secrets, NOTE, "ledger"];
    const databaseNeedles = this.tls ? everything : secrets;
    const database = await this.#openRelay("database", this.database.port, databaseNeedles);
    const target = { host: "127.0.0.1", port: database.port };
    const flags = this.#flags();
    const rawServer = await this.#launch("raw server", (preferredPort) =>
      startAcraServer(target, { keys, preferredPort, flags: flags.rawServer }),
    );
    const server = await this.#launch("server", (preferredPort) =>
      startAcraServer(target, { keys, preferredPort, flags: flags.server }),
    );
    const link = await this.#openRelay("link", server.port, everything);
    const connector = await this.#launch("connector", (preferredPort) =>
      startAcraConnector(link, { keys, preferredPort, flags: flags.connector }),
    );
    const otherKeys = { ...keys, clientId: OTHER_CLIENT };
    await this.#launch("other connector", (preferredPort) =>
      startAcraConnector(server, { keys: otherKeys, preferredPort, flags: flags.connector }),
    );
    await this.#openRelay("raw", rawServer.port, this.tls ? everything : []);
    await this.#openRelay("connector", connector.port, []);
  }

  #flags(): Readonly<Record<"rawServer" | "server" | "connector", readonly string[]>> {
    const id = `--client_id=${this.keys.clientId}`;
    const raw = ["--acraconnector_transport_encryption_disable", id];
    if (this.#files === null) {
      return { rawServer: raw, server: [], connector: [] };
    }
    const { cert, key, ca } = this.#files;
    const tls = [`--tls_cert=${cert}`, `--tls_key=${key}`, `--tls_ca=${ca}`, "--tls_auth=0"];
    const towardsDatabase = [...tls, "--tls_database_mode=require"];
    return {
      rawServer: [...raw, ...towardsDatabase],
      server: ["--acraconnector_tls_transport_enable", id, ...towardsDatabase],
      connector: ["--acraserver_tls_transport_enable", ...tls],
    };
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

function layFiles(authority: string, certificate: TestCertificate): TlsFiles {
  const folder = makeTemporaryFolder();
  const ca = join(folder, "ca.pem");
  writeFileSync(ca, authority);
  return { ...writeCertificate(folder, "all", certificate), ca };
}

function found<Value>(value: Value | undefined, name: string): Value {
  if (value === undefined) {
    throw new TypeError(`no ${name}`);
  }
  return value;
}
