/** What is measured: the database itself and everything that may stand in front of it. */

import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type AcraKeys, startAcraConnector, startAcraServer } from "../../test/harness/acra.ts";
import { missingProgram } from "../../test/harness/missing.ts";
import { findFreePort, waitForListener } from "../../test/harness/ports.ts";
import type { PostgresServer } from "../../test/harness/postgres.ts";
import { startProcess } from "../../test/harness/process.ts";
import { makeTemporaryFolder } from "../../test/harness/reaper.ts";
import { findUnprivilegedUser } from "../../test/harness/users.ts";
import { installDebianPackages } from "../debian_packages.ts";

/** One way to the database. */
export interface Target {
  readonly name: TargetName;
  readonly port: number;
  /** The processes between client and database: their CPU time is what the way costs. */
  readonly pids: readonly number[];
  /** AcraStructs arrive opened. */
  readonly decrypts: boolean;
}

export const TARGET_NAMES = ["direct", "pgbouncer", "relay", "acra", "acra+connector"] as const;
export type TargetName = (typeof TARGET_NAMES)[number];

/** Starts one target; answers the reason when it cannot be had here. */
export async function startTarget(
  name: TargetName,
  database: PostgresServer,
  keys: AcraKeys,
): Promise<Target | string> {
  switch (name) {
    case "direct":
      return { name, port: database.port, pids: [], decrypts: false };
    case "pgbouncer":
      return await startPgbouncer(database);
    case "relay":
      return await startRelay(database);
    case "acra": {
      const server = await startAcraServer(database, {
        keys,
        flags: [
          "--acraconnector_transport_encryption_disable=true",
          `--client_id=${keys.clientId}`,
        ],
      });
      return { name, port: server.port, pids: [server.process.pid], decrypts: true };
    }
    case "acra+connector": {
      const server = await startAcraServer(database, { keys });
      const connector = await startAcraConnector(server, { keys });
      const pids = [server.process.pid, connector.process.pid];
      return { name, port: connector.port, pids, decrypts: true };
    }
  }
}

async function startRelay(database: PostgresServer): Promise<Target> {
  const port = await findFreePort();
  const program = join(import.meta.dir, "relay.ts");
  const { pid } = startProcess([process.execPath, program, String(port), String(database.port)]);
  await waitForListener(port);
  return { name: "relay", port, pids: [pid], decrypts: false };
}

async function startPgbouncer(database: PostgresServer): Promise<Target | string> {
  if (missingProgram("pgbouncer") !== null) {
    const reason = await installDebianPackages(["pgbouncer"]);
    if (reason !== null) {
      return `no program pgbouncer, and ${reason}`;
    }
    // The package starts a service of its own that nobody here asked for.
    Bun.spawnSync(["service", "pgbouncer", "stop"], { stdio: ["ignore", "ignore", "ignore"] });
  }
  const port = await findFreePort();
  const folder = makeTemporaryFolder();
  chmodSync(folder, 0o755);
  const users = join(folder, "users.txt");
  const settings = join(folder, "pgbouncer.ini");
  writeFileSync(users, `"${database.user}" ""\n`, { mode: 0o644 });
  writeFileSync(
    settings,
    [
      "[databases]",
      `* = host=${database.host} port=${database.port}`,
      "[pgbouncer]",
      "listen_addr = 127.0.0.1",
      `listen_port = ${port}`,
      "unix_socket_dir =",
      "auth_type = trust",
      `auth_file = ${users}`,
      "pool_mode = session",
      "default_pool_size = 50",
      "ignore_startup_parameters = extra_float_digits",
      "",
    ].join("\n"),
    { mode: 0o644 },
  );
  const { pid } = startProcess(["pgbouncer", settings], { user: findUnprivilegedUser() });
  await waitForListener(port);
  return { name: "pgbouncer", port, pids: [pid], decrypts: false };
}
