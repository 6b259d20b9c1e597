/**
 * Servers and connectors with certificates before databases with and without TLS, all real; and psql,
 * which tells how a login went.
 */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import postgres from "postgres";
import { createAcrastruct } from "../../src/writer/mod.ts";
import {
  type AcraKeys,
  type AcraProcess,
  makeKeys,
  startAcraConnector,
  startAcraServer,
} from "./acra.ts";
import {
  type CertificateFiles,
  TestAuthority,
  type TestCertificate,
  writeCertificate,
} from "./certificates.ts";
import { type PostgresServer, startPostgres } from "./postgres.ts";
import { runProcess } from "./process.ts";
import { makeTemporaryFolder } from "./reaper.ts";

/** Nothing may hang: a login works or is refused within this time, in ms. */
const PATIENCE_MS = 10_000;

/** What stands, sealed, in the table `notes`. */
export const MESSAGE = "4929 1273 4096 1111";
/** How psql shows it when it was opened. */
export const OPENED = `\\x${Buffer.from(MESSAGE).toString("hex")}`;
/** Flag of a server whose clients come as they are. */
export const RAW = ["--acraconnector_transport_encryption_disable"];

/** A login by psql. */
export interface Login {
  readonly port: number;
  readonly sslmode: string;
  readonly user?: string;
  /** Further words of the connection string. */
  readonly more?: string;
}

/** Everything that tests of TLS share. */
export class TlsRig {
  readonly folder: string;
  readonly keys: AcraKeys;
  readonly #files: ReadonlyMap<string, CertificateFiles>;
  readonly #databases: ReadonlyMap<string, PostgresServer>;
  readonly #running: AcraProcess[] = [];

  private constructor(
    folder: string,
    keys: AcraKeys,
    files: ReadonlyMap<string, CertificateFiles>,
    databases: ReadonlyMap<string, PostgresServer>,
  ) {
    this.folder = folder;
    this.keys = keys;
    this.#files = files;
    this.#databases = databases;
  }

  /** Starts the databases. */
  static async start(): Promise<TlsRig> {
    const folder = makeTemporaryFolder();
    const authority = await TestAuthority.create();
    writeFileSync(join(folder, "ca.pem"), authority.cert);
    const stranger = await TestAuthority.create("CN=A stranger");
    const database = await authority.issue({ name: "CN=database" });
    const nobody = { dns: [], ip: [] };
    const certificates: Record<string, TestCertificate> = {
      database,
      server: await authority.issue({ name: "CN=server" }),
      elsewhere: await authority.issue({ name: "CN=server", dns: ["elsewhere.example"], ip: [] }),
      certificate_user: await authority.issue({ name: "CN=certificate_user", ...nobody }),
      application: await authority.issue({ name: "CN=application", ...nobody }),
      stranger: await stranger.issue({ name: "CN=server" }),
    };
    const files = new Map(
      Object.entries(certificates).map(([name, certificate]) => [
        name,
        writeCertificate(folder, name, certificate),
      ]),
    );
    const keys = await makeKeys();
    const hba = ["host all password_user 127.0.0.1/32 password"];
    const byCertificate = [
      "hostssl all certificate_user 127.0.0.1/32 cert",
      "host all certificate_user 127.0.0.1/32 reject",
    ];
    const tls = { ...database, ca: authority.cert };
    const databases = new Map([
      ["with TLS", await startPostgres({ tls, hba: [...hba, ...byCertificate] })],
      ["without TLS", await startPostgres({ hba })],
    ]);
    for (const server of databases.values()) {
      await prepare(server, keys);
    }
    return new TlsRig(folder, keys, files, databases);
  }

  /** `with TLS` or `without TLS`. */
  database(kind: string): PostgresServer {
    return found(this.#databases, kind);
  }

  files(name: string): CertificateFiles {
    return found(this.#files, name);
  }

  /** Flags of a program that shows a certificate and trusts the authority of the tests. */
  flags(name: string, ...more: string[]): string[] {
    const { cert, key } = this.files(name);
    return [`--tls_cert=${cert}`, `--tls_key=${key}`, `--tls_ca=${this.ca}`, ...more];
  }

  /** Words of a connection string that let psql show a certificate. */
  showing(name: string): string {
    const { cert, key } = this.files(name);
    return `sslcert=${cert} sslkey=${key}`;
  }

  get ca(): string {
    return join(this.folder, "ca.pem");
  }

  async serve(database: PostgresServer, flags: readonly string[]): Promise<AcraProcess> {
    // By name: certificates are compared with it.
    const target = { host: "localhost", port: database.port };
    const server = await startAcraServer(target, { keys: this.keys, flags });
    this.#running.push(server);
    return server;
  }

  async connectTo(server: AcraProcess, flags: readonly string[] = []): Promise<AcraProcess> {
    const connector = await startAcraConnector(server, { keys: this.keys, flags });
    this.#running.push(connector);
    return connector;
  }

  /** What psql says: whether the database sees TLS (`t`, `f`), or why it was refused. */
  async ask(
    database: PostgresServer,
    { port, sslmode, user = database.user, more = "" }: Login,
    query = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()",
  ): Promise<string> {
    const target = `host=localhost port=${port} user=${user} dbname=postgres sslmode=${sslmode}`;
    const { status, stdout, stderr } = await runProcess(
      ["psql", `${target} sslrootcert=${this.ca} ${more}`, "-XAtc", query],
      {
        env: { PGPASSWORD: database.password, PGCONNECT_TIMEOUT: "5" },
        timeoutMs: PATIENCE_MS,
      },
    );
    return status === 0 ? stdout.trim() : `refused: ${stderr.trim()}`;
  }

  /** Stops servers and connectors; the databases go on. */
  async stopPrograms(): Promise<void> {
    await Promise.all(this.#running.splice(0).map((program) => program.stop()));
  }

  async stop(): Promise<void> {
    await this.stopPrograms();
    await Promise.all([...this.#databases.values()].map((database) => database.stop()));
  }
}

async function prepare(server: PostgresServer, keys: AcraKeys): Promise<void> {
  const sql = postgres(server.url(), { max: 1, onnotice: () => {} });
  await sql.unsafe(`CREATE USER password_user SUPERUSER PASSWORD '${server.password}'`);
  await sql.unsafe("CREATE USER certificate_user SUPERUSER");
  await sql.unsafe("CREATE TABLE notes (note bytea)");
  await sql`INSERT INTO notes VALUES (${createAcrastruct(MESSAGE, keys.storagePublicKey)})`;
  await sql.end();
}

function found<Value>(map: ReadonlyMap<string, Value>, name: string): Value {
  const value = map.get(name);
  if (value === undefined) {
    throw new TypeError(`no ${name} in the tests of TLS`);
  }
  return value;
}
