/**
 * Acra 0.82 itself as a target: its own executables from a folder, with the flags it has and keys of
 * ours, which are its keys too.
 */

import { existsSync } from "node:fs";
import { join } from "node:path";
import type { AcraKeys } from "../../test/harness/acra.ts";
import { findFreePort, waitForListener } from "../../test/harness/ports.ts";
import type { PostgresServer } from "../../test/harness/postgres.ts";
import { type RunningProcess, startProcess } from "../../test/harness/process.ts";

/** Where the original's executables lie, and what they are to work with. */
export interface OriginalPlan {
  readonly folder: string;
  readonly database: PostgresServer;
  readonly keys: AcraKeys;
}

/** Why the original cannot be started from the folder, or `null`. */
export function missingOriginal(folder: string | undefined): string | null {
  if (folder === undefined) {
    return "--original DIR names the folder of its executables";
  }
  const missing = ["acra-server", "acra-connector"].filter(
    (name) => !existsSync(join(folder, name)),
  );
  return missing.length === 0 ? null : `--original: the folder has no ${missing.join(" and no ")}`;
}

/** Starts the server, and before it the connector when Secure Session is wanted. */
export async function startOriginal(
  plan: OriginalPlan,
  way: "raw" | "connector",
): Promise<{ readonly port: number; readonly processes: readonly RunningProcess[] }> {
  const { database, keys } = plan;
  const raw = ["--acraconnector_transport_encryption_disable=true", `--client_id=${keys.clientId}`];
  const server = await startOne(plan, "acra-server", [
    `--db_host=${database.host}`,
    `--db_port=${database.port}`,
    `--keys_dir=${keys.serverFolder}`,
    ...(way === "raw" ? raw : []),
  ]);
  if (way === "raw") {
    return { port: server.port, processes: [server.process] };
  }
  const connector = await startOne(plan, "acra-connector", [
    `--client_id=${keys.clientId}`,
    `--acraserver_connection_string=tcp://127.0.0.1:${server.port}/`,
    `--keys_dir=${keys.connectorFolder}`,
    "--user_check_disable=true",
  ]);
  return { port: connector.port, processes: [server.process, connector.process] };
}

async function startOne(
  { folder, keys }: OriginalPlan,
  name: string,
  flags: readonly string[],
): Promise<{ readonly port: number; readonly process: RunningProcess }> {
  const port = await findFreePort();
  const process = startProcess(
    [join(folder, name), `--incoming_connection_string=tcp://127.0.0.1:${port}/`, ...flags],
    { cwd: "/", env: { ACRA_MASTER_KEY: keys.masterKey } },
  );
  const ended = process.exited.then((status) => {
    throw new Error(`${name} ended with status ${status}:\n${process.stderr.text}`);
  });
  await Promise.race([waitForListener(port), ended]);
  ended.catch(() => {});
  return { port, process };
}
