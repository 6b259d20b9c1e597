/** Pgbouncer as a target: session pooling, no password, no TLS. */

import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findFreePort, waitForListener } from "../../test/harness/ports.ts";
import type { PostgresServer } from "../../test/harness/postgres.ts";
import { type RunningProcess, startProcess } from "../../test/harness/process.ts";
import { makeTemporaryFolder } from "../../test/harness/reaper.ts";
import { findUnprivilegedUser } from "../../test/harness/users.ts";

/** Starts pgbouncer, which is on PATH. */
export async function startPgbouncer(
  database: PostgresServer,
): Promise<{ readonly port: number; readonly process: RunningProcess }> {
  const port = await findFreePort();
  const folder = makeTemporaryFolder();
  chmodSync(folder, 0o755);
  const users = join(folder, "users.txt");
  const settings = join(folder, "pgbouncer.ini");
  writeFileSync(users, `"${database.user}" ""\n`, { mode: 0o644 });
  const lines = [
    "[databases]",
    `* = host=${database.host} port=${database.port}`,
    "[pgbouncer]",
    "listen_addr = 127.0.0.1",
    `listen_port = ${port}`,
    "unix_socket_dir =",
    "auth_type = trust",
    `auth_file = ${users}`,
    "pool_mode = session",
    "default_pool_size = 100",
    "server_tls_sslmode = disable",
    "ignore_startup_parameters = extra_float_digits",
    "",
  ];
  writeFileSync(settings, lines.join("\n"), { mode: 0o644 });
  const process = startProcess(["pgbouncer", settings], { user: findUnprivilegedUser() });
  await waitForListener(port);
  return { port, process };
}
