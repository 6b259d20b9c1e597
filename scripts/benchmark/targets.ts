/** What is measured: the database itself and everything that may stand in front of it. */

import { join, resolve } from "node:path";
import {
  type AcraKeys,
  type AcraProcess,
  acraCommand,
  makeKeys,
  startAcraConnector,
  startAcraServer,
} from "../../test/harness/acra.ts";
import {
  type CertificateFiles,
  TestAuthority,
  writeCertificate,
} from "../../test/harness/certificates.ts";
import { findFreePort, waitForListener } from "../../test/harness/ports.ts";
import { type PostgresServer, startPostgres } from "../../test/harness/postgres.ts";
import { type RunningProcess, startProcess } from "../../test/harness/process.ts";
import { makeTemporaryFolder } from "../../test/harness/reaper.ts";
import { missingOriginal, startOriginal } from "./original.ts";
import { startPgbouncer } from "./pgbouncer.ts";
import { provideProgram } from "./programs.ts";
import type { Address } from "./session.ts";

/** One way to the database. */
export interface Target extends Address {
  readonly name: TargetName;
  /** The processes between client and database: their CPU time is what the way costs. */
  readonly processes: readonly RunningProcess[];
  /** AcraStructs arrive opened: those of the client, or those of zones. */
  readonly opens: "nothing" | "client" | "zones";
}

export const TARGET_NAMES = [
  "direct",
  "pgbouncer",
  "relay",
  "acra",
  "acra+connector",
  "acra+tls",
  "acra+zones",
  "original",
  "original+connector",
] as const;
export type TargetName = (typeof TARGET_NAMES)[number];

/** What every target is started with. */
export interface Rig {
  readonly database: PostgresServer;
  readonly keys: AcraKeys;
  readonly certificate: CertificateFiles;
  /** Folder of the original's executables. */
  readonly original: string | undefined;
}

/** Enough for the thousand idle sessions. */
const DATABASE_CONNECTIONS = "1300";

/** Flags of a server whose clients come as they are. */
export function rawFlags(keys: AcraKeys): string[] {
  return ["--acraconnector_transport_encryption_disable=true", `--client_id=${keys.clientId}`];
}

let help: string | null = null;

/** Whether the server can have several workers. */
export function knowsWorkers(): boolean {
  help ??= Bun.spawnSync([...acraCommand(), "server", "--help"]).stderr.toString();
  return help.includes("--workers");
}

/** One worker where there may be several: one process is compared with one process. */
export function oneWorker(): string[] {
  return knowsWorkers() ? ["--workers=1"] : [];
}

/** The original that may not survive what it is asked. */
export function mayDie(name: TargetName): boolean {
  return name.startsWith("original");
}

/** Starts the database and makes keys and certificates. */
export async function makeRig(original: string | undefined): Promise<Rig> {
  const authority = await TestAuthority.create();
  const database = await startPostgres({
    login: "trust",
    settings: { shared_buffers: "128MB", max_connections: DATABASE_CONNECTIONS },
    tls: { ...(await authority.issue({ name: "CN=database" })), ca: authority.cert },
  });
  return {
    database,
    keys: await makeKeys("bench_client"),
    certificate: writeCertificate(
      makeTemporaryFolder(),
      "server",
      await authority.issue({ name: "CN=server" }),
    ),
    original: original === undefined ? undefined : resolve(original),
  };
}

/** Starts one target; answers the reason when it cannot be had here. */
export async function startTarget(name: TargetName, rig: Rig): Promise<Target | string> {
  const { database, keys, certificate } = rig;
  const raw = [...rawFlags(keys), ...oneWorker()];
  switch (name) {
    case "direct":
      return { name, port: database.port, tls: false, processes: [], opens: "nothing" };
    case "pgbouncer": {
      const reason = await provideProgram("pgbouncer");
      if (reason !== null) {
        return reason;
      }
      const { port, process } = await startPgbouncer(database);
      return { name, port, tls: false, processes: [process], opens: "nothing" };
    }
    case "relay":
      return await startRelay(database);
    case "acra":
      return toTarget(name, [await startAcraServer(database, { keys, flags: raw })]);
    case "acra+connector": {
      const server = await startAcraServer(database, { keys, flags: oneWorker() });
      return toTarget(name, [server, await startAcraConnector(server, { keys })]);
    }
    case "acra+tls": {
      const { cert, key } = certificate;
      const tls = [`--tls_cert=${cert}`, `--tls_key=${key}`, "--tls_auth=0"];
      const flags = [...raw, ...tls, "--tls_database_mode=require"];
      return { ...toTarget(name, [await startAcraServer(database, { keys, flags })]), tls: true };
    }
    case "acra+zones": {
      const api = `--incoming_connection_api_string=tcp://127.0.0.1:${await findFreePort()}/`;
      const flags = [...raw, "--zonemode_enable", api];
      const server = await startAcraServer(database, { keys, flags });
      return { ...toTarget(name, [server]), opens: "zones" };
    }
    case "original":
    case "original+connector": {
      const reason = missingOriginal(rig.original);
      if (reason !== null || rig.original === undefined) {
        return reason ?? "";
      }
      const way = name === "original" ? "raw" : "connector";
      const started = await startOriginal({ folder: rig.original, database, keys }, way);
      return { name, ...started, tls: false, opens: "client" };
    }
  }
}

/** The last of the processes is the one that applications talk to. */
function toTarget(name: TargetName, parts: readonly AcraProcess[]): Target {
  const port = parts.at(-1)?.port ?? 0;
  const processes = parts.map((part) => part.process);
  return { name, port, tls: false, processes, opens: "client" };
}

/** Starts the bare relay. */
export async function startRelay(database: PostgresServer): Promise<Target> {
  const port = await findFreePort();
  const program = join(import.meta.dir, "relay.ts");
  const command = [process.execPath, program, String(port), String(database.port)];
  const relay = startProcess(command);
  await waitForListener(port);
  return { name: "relay", port, tls: false, processes: [relay], opens: "nothing" };
}
